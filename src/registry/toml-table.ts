/** A table of a TOML file, read key by key with errors that name file, key and value. */
import { parse, type TomlTable, type TomlValue } from "smol-toml";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";

/** Typed reading of one TOML table that notes which keys were asked for. */
export class Table {
  readonly #file: string;
  readonly #path: string;
  readonly #values: TomlTable;
  readonly #asked = new Set<string>();

  constructor(file: string, path: string, values: TomlTable) {
    this.#file = file;
    this.#path = path;
    this.#values = values;
  }

  /** The root table of `file`. Throws an Error with the line of what is no TOML. */
  static parse(file: string, text: string): Table {
    try {
      return new Table(file, "", parse(text));
    } catch (error) {
      const { line } = error as { line?: number };
      throw new Error(`${file}${line ? `:${line}` : ""}: ${messageOf(error).split("\n")[0]}`);
    }
  }

  keys(): string[] {
    return Object.keys(this.#values);
  }

  /** As the file has it, for keys that take several forms. */
  value(key: string): TomlValue | undefined {
    return this.#get(key);
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined;
  }

  boolean(key: string): boolean {
    const value = this.#get(key);
    if (value !== undefined && typeof value !== "boolean")
      throw this.wrong(key, value, "true or false is required");
    return value ?? false;
  }

  string(key: string): string | undefined {
    const value = this.#get(key);
    if (value !== undefined && typeof value !== "string")
      throw this.wrong(key, value, "a string is required");
    return value || undefined;
  }

  /** `host[:port][/path]`, without the slashes at its end. */
  location(key: string): string | undefined {
    const value = this.string(key);
    if (value === undefined) return undefined;
    if (/^https?:\/\//.test(value))
      throw this.wrong(key, value, "it is host[:port][/path], without http:// or https://");
    return value.replace(/\/+$/, "") || undefined;
  }

  strings(key: string): string[] | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((entry) => typeof entry === "string")) {
      throw this.wrong(key, value, "a list of strings is required");
    }
    return value;
  }

  oneOf<const T extends string>(key: string, allowed: readonly T[]): T | undefined {
    const value = this.string(key);
    if (value === undefined || (allowed as readonly string[]).includes(value)) return value as T | undefined;
    throw this.wrong(key, value, `one of ${allowed.join(", ")} is required`);
  }

  table(key: string): Table | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    if (!isTable(value)) throw this.wrong(key, value, "a table is required");
    return new Table(this.#file, `${this.#path}${key}.`, value);
  }

  tables(key: string): Table[] {
    const value = this.#get(key) ?? [];
    if (!Array.isArray(value) || !value.every(isTable))
      throw this.wrong(key, value, "an array of tables is required");
    return value.map((entry, index) => new Table(this.#file, `${this.#path}${key}[${index}].`, entry));
  }

  stringEntries(): [string, string][] {
    return Object.keys(this.#values).map((key) => [key, this.string(key) ?? ""]);
  }

  wrong(key: string, value: TomlValue | undefined, reason: string): Error {
    const shown = value === undefined ? "absent" : JSON.stringify(value);
    return new Error(`${this.#file}: ${this.#path}${key} is ${shown}: ${reason}`);
  }

  /** Warns of every key nobody asked for. */
  warnUnknown(ignored: string[] = []): void {
    for (const key of Object.keys(this.#values)) {
      if (this.#asked.has(key) || ignored.includes(key)) continue;
      log.warn("unknown key", { file: this.#file, key: this.#path + key });
    }
  }

  #get(key: string): TomlValue | undefined {
    this.#asked.add(key);
    return this.#values[key];
  }
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
