/** The SQLite database that holds everything the daemon must know after a crash. */
import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { markSchema, refuseNewerSchema } from "./schema.ts";
import { StateDatabase } from "./state-database.ts";

/**
 * Opens (or creates) the database at `path`: WAL, and every commit on disk before it counts (`synchronous=FULL`).
 * One daemon is its only user, so the lock is taken once and kept. A newer critter's is refused and left untouched:
 * throws NewerSchemaError. `:memory:` is one for tests.
 */
export function openDatabase(path: string): DatabaseSync {
  if (path === ":memory:") return new DatabaseSync(path);
  refuseNewerSchema(path);
  keepPrivate(path);
  const database = new StateDatabase(path);
  markSchema(database);
  return database;
}

/** Annotations of pods may hold secrets. SQLite gives its log the mode that the database has. */
function keepPrivate(path: string): void {
  closeSync(openSync(path, "a", 0o600));
  for (const file of [path, `${path}-wal`]) if (existsSync(file)) chmodSync(file, 0o600);
}

/** To be called before a transaction that records something new. Throws RESOURCE_EXHAUSTED on a full disk. */
export function requireRoom(database: DatabaseSync): void {
  if (database instanceof StateDatabase) database.requireRoom();
}

/** Runs `work` in one transaction: all of it is committed, or none. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  writing(database, () => database.exec("BEGIN IMMEDIATE"));
  try {
    const result = work();
    writing(database, () => database.exec("COMMIT"));
    return result;
  } catch (error) {
    // SQLite has done so itself where the disk failed.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** SQLite says what fails ("disk I/O error", "database or disk is full"), but of which file it does not. */
function writing(database: DatabaseSync, write: () => void): void {
  try {
    write();
  } catch (error) {
    const message = `the records in ${database.location()} cannot be written: ${messageOf(error)}`;
    throw new Error(message, { cause: error });
  }
}

/** A table of JSON records by id. */
export class Records<T> {
  readonly #database: DatabaseSync;
  readonly #table: string;
  readonly #put;
  readonly #delete;
  #unreadable = 0;

  /** `table` is a name of the program's own, never input. */
  constructor(database: DatabaseSync, table: string) {
    this.#database = database;
    this.#table = table;
    database.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID`,
    );
    this.#put = database.prepare(
      `INSERT INTO ${table} (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record`,
    );
    this.#delete = database.prepare(`DELETE FROM ${table} WHERE id = ?`);
  }

  /** How many records `load` has set aside. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** The ids of all records that were ever set aside, the latest last. */
  setAside(): string[] {
    const table = `${this.#table}_unreadable`;
    const exists = this.#database
      .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?")
      .get(table);
    if (!exists) return [];
    return this.#database
      .prepare(`SELECT id FROM ${table} ORDER BY rowid`)
      .all()
      .map(({ id }) => String(id));
  }

  /** Stores a record that is new. Throws RESOURCE_EXHAUSTED on a full disk, where what there is can still be changed. */
  add(id: string, record: T): void {
    requireRoom(this.#database);
    this.put(id, record);
  }

  /** Stores `record` under `id`, in place of what was there. */
  put(id: string, record: T): void {
    writing(this.#database, () => this.#put.run(id, JSON.stringify(record)));
  }

  delete(id: string): void {
    writing(this.#database, () => this.#delete.run(id));
  }

  /**
   * Every record that can be read. One that cannot (not JSON, or `isValid` refuses it) is moved to the table
   * `<table>_unreadable` and logged: it never keeps the daemon from starting.
   */
  load(isValid: (record: unknown, id: string) => record is T): Map<string, T> {
    const records = new Map<string, T>();
    for (const row of this.#database.prepare(`SELECT id, record FROM ${this.#table}`).all()) {
      const id = String(row.id);
      try {
        const record: unknown = JSON.parse(String(row.record));
        if (!isValid(record, id)) throw new Error("a field is missing or wrong");
        records.set(id, record);
      } catch (error) {
        log.error("set aside a record that cannot be read", {
          table: this.#table,
          id,
          error: messageOf(error),
        });
        this.#setAside(id);
        this.#unreadable++;
      }
    }
    return records;
  }

  #setAside(id: string): void {
    const table = this.#table;
    this.#database.exec(`CREATE TABLE IF NOT EXISTS ${table}_unreadable (id TEXT, record TEXT, at TEXT)`);
    transaction(this.#database, () => {
      this.#database
        .prepare(
          `INSERT INTO ${table}_unreadable SELECT id, record, datetime('now') FROM ${table} WHERE id = ?`,
        )
        .run(id);
      this.delete(id);
    });
  }
}
