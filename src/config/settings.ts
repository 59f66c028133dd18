/** What configuration files say, key by key: unknown keys become warnings, wrong values end in a ConfigError. */
import { readdirSync, readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import type { Key, Toml } from "./key.ts";
import { type Lines, linesOf } from "./lines.ts";
import { type Keys, tables } from "./schema.ts";

/** A configuration that cannot be used; the message names file, line, key, value and what would be right. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export interface Setting {
  key: Key<unknown>;
  toml: Toml;
  value: unknown;
  /** `FILE:LINE`. */
  place: string;
}

/** By the key's full name, such as `crio.runtime.runtimes.runc.runtime_path`. */
export interface Settings {
  byName: Map<string, Setting>;
  /** Names of the tables below crio.runtime.runtimes. */
  handlers: Set<string>;
  warnings: string[];
}

export type Table = Record<string, unknown>;

interface Document {
  file: string;
  lines: Lines;
  settings: Settings;
}

/**
 * Reads `file` and then the drop-ins `FILE.d/*.conf` in order of name; the later value of a key wins. A drop-in folder
 * that is absent is empty; `file` itself may be absent only if `optional`.
 */
export function readSettings(file: string | undefined, optional = false): Settings {
  const settings: Settings = { byName: new Map(), handlers: new Set(), warnings: [] };
  if (file === undefined) return settings;
  const toml = readText(file, optional);
  if (toml !== undefined) readDocument(file, toml, settings);
  for (const dropIn of dropIns(`${file}.d`)) readDocument(dropIn, readText(dropIn, false) ?? "", settings);
  return settings;
}

/** What `toml` says, as if it stood in `file`; nothing is read. */
export function settingsOf(file: string, toml: string): Settings {
  const settings: Settings = { byName: new Map(), handlers: new Set(), warnings: [] };
  readDocument(file, toml, settings);
  return settings;
}

function readText(file: string, optional: boolean): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (optional && (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new ConfigError(`configuration file cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function dropIns(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".conf") && !name.startsWith("."));
    return names.sort().map((name) => `${folder}/${name}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new ConfigError(`configuration folder cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function readDocument(file: string, toml: string, settings: Settings): void {
  const root = parseToml(file, toml);
  const document = { file, lines: linesOf(toml), settings };
  readTable(document, [], root);
}

/** @throws ConfigError with the place of what is no TOML. */
export function parseToml(file: string, toml: string): Table {
  try {
    return parse(toml) as Table;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    throw new ConfigError(`${file}:${error.line}:${error.column}: not TOML: ${reason}`, { cause: error });
  }
}

const keysByTable = new Map<string, Keys>(Object.values(tables).map(({ name, keys }) => [name, keys]));

function readTable(document: Document, path: readonly string[], table: Table): void {
  const keys = keysOf(path);
  for (const [name, value] of Object.entries(table)) {
    const inner = [...path, name];
    const key = keys && Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key) readValue(document, inner, key, value);
    else if (isTable(value) && leadsToTable(inner)) enter(document, inner, value);
    else warn(document, inner, isTable(value) ? "table" : "key");
  }
}

function enter(document: Document, path: readonly string[], table: Table): void {
  if (isHandler(path)) document.settings.handlers.add(path[3] as string);
  readTable(document, path, table);
}

function readValue(document: Document, path: readonly string[], key: Key<unknown>, toml: unknown): void {
  const place = `${document.file}:${document.lines.get(path)}`;
  const name = path.join(".");
  const parsed = key.parse(toml);
  // Where the default is shown as empty, empty asks for what is found at run time.
  const empty = toml === "" && key.shown === "" && key.derive !== undefined;
  if (parsed === undefined && !empty) throw wrongValue(place, name, toml, key.right);
  document.settings.byName.set(name, { key, toml: toml as Toml, value: empty ? undefined : parsed, place });
}

/** The error for `value` of `name`; `right` ends the sentence "it must be". */
export function wrongValue(place: string, name: string, value: unknown, right: string): ConfigError {
  return new ConfigError(`${place}: ${name} is ${JSON.stringify(value)}, it must be ${right}`);
}

function warn(document: Document, path: readonly string[], kind: string): void {
  const place = `${document.file}:${document.lines.get(path)}`;
  document.settings.warnings.push(`${place}: unknown ${kind} ${path.join(".")} is ignored`);
}

/** Whether `path` is that of a table `crio.runtime.runtimes.NAME`. */
export function isHandler(path: readonly string[]): boolean {
  return path.length === 4 && path.slice(0, 3).join(".") === tables.handler.name;
}

function keysOf(path: readonly string[]): Keys | undefined {
  if (isHandler(path)) return tables.handler.keys;
  const name = path.join(".");
  return name === tables.handler.name ? undefined : keysByTable.get(name);
}

function leadsToTable(path: readonly string[]): boolean {
  return isHandler(path) || keysByTable.has(path.join("."));
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
