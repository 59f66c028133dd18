/** A TOML file of another runtime as its single settings, each with its place; several files lie one over the other. */
import { readFileSync } from "node:fs";
import type { TomlValue } from "smol-toml";
import { linesOf } from "../lines.ts";
import { ConfigError, isTable, parseToml, type Table } from "../settings.ts";

/** One setting: what is no table. */
export interface Leaf {
  path: readonly string[];
  /** The key in full, as the file has it; `path` may be another by then. */
  name: string;
  value: TomlValue;
  /** `FILE:LINE`. */
  place: string;
}

export type LeafTable = Omit<Leaf, "value">;

/** The settings of one file, or of several. */
export class Leaves {
  readonly #leaves = new Map<string, Leaf>();
  /** Places of tables, which may be empty and yet mean something. */
  readonly #tables = new Map<string, LeafTable>();

  /** @throws ConfigError for a file that cannot be read, or is no TOML. */
  static read(file: string): Leaves {
    const toml = readFile(file);
    const lines = linesOf(toml);
    const leaves = new Leaves();
    const enter = (path: readonly string[], table: Table) => {
      for (const [name, value] of Object.entries(table)) {
        const inner = [...path, name];
        const place = `${file}:${lines.get(inner)}`;
        if (!isTable(value)) {
          leaves.set({ path: inner, name: shownPath(inner), value: value as TomlValue, place });
          continue;
        }
        leaves.setTable({ path: inner, name: shownPath(inner), place });
        enter(inner, value);
      }
    };
    enter([], parseToml(file, toml));
    return leaves;
  }

  set(leaf: Leaf): void {
    this.#leaves.set(nameOf(leaf.path), leaf);
  }

  setTable(table: LeafTable): void {
    this.#tables.set(nameOf(table.path), table);
  }

  get(...path: string[]): Leaf | undefined {
    return this.#leaves.get(nameOf(path));
  }

  all(): Leaf[] {
    return [...this.#leaves.values()];
  }

  tables(): LeafTable[] {
    return [...this.#tables.values()];
  }

  /** The tables right below `path` by name, in order of appearance. */
  tablesBelow(...path: string[]): Map<string, LeafTable> {
    const inner = this.tables().filter((table) => table.path.length === path.length + 1);
    const below = inner.filter((table) => beginsWith(table.path, path));
    return new Map(below.map((table) => [table.path.at(-1)!, table]));
  }

  below(...path: string[]): Leaf[] {
    return this.all().filter((leaf) => beginsWith(leaf.path, path));
  }

  /** Lays `later` over these: its value of a key wins. */
  merge(later: Leaves): void {
    for (const table of later.tables()) this.setTable(table);
    for (const leaf of later.all()) this.set(leaf);
  }

  /** The same settings at other paths: `path` answers where to, or undefined to leave one out. */
  moved(path: (leaf: LeafTable) => readonly string[] | undefined): Leaves {
    const moved = new Leaves();
    for (const table of this.tables()) {
      const to = path(table);
      if (to) moved.setTable({ ...table, path: to });
    }
    for (const leaf of this.all()) {
      const to = path(leaf);
      if (to) moved.set({ ...leaf, path: to });
    }
    return moved;
  }

  /** Forgets what is below `path`. */
  drop(...path: string[]): void {
    for (const leaf of this.below(...path)) this.#leaves.delete(nameOf(leaf.path));
    for (const table of this.tables())
      if (beginsWith(table.path, path)) this.#tables.delete(nameOf(table.path));
  }
}

/** The key as TOML writes it: names that are not bare in quotes. */
export function shownPath(path: readonly string[]): string {
  return path.map((name) => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name))).join(".");
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`configuration file cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function nameOf(path: readonly string[]): string {
  return path.join("\0");
}

function beginsWith(path: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((name, index) => path[index] === name);
}
