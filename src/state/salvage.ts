/** A database that is damaged: it is set aside, and what can still be read of it is taken over into a new one. */
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { openDatabase, Records } from "./database.ts";

/** SQLITE_CORRUPT and SQLITE_NOTADB (sqlite3.h). */
const damageCodes = [11, 26];

/**
 * As `openDatabase`; but a damaged database never keeps the daemon from starting. It is kept beside as `<path>-damaged`, in place of
 * one from before.
 */
export function openOrSalvage(path: string): DatabaseSync {
  try {
    const database = openDatabase(path);
    const damage = damageOf(database);
    if (damage === undefined) return database;
    database.close();
    return salvage(path, damage);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return salvage(path, messageOf(error));
  }
}

function isDamage(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === "ERR_SQLITE_ERROR" && damageCodes.includes(Number(errcode) & 0xff);
}

/** The first thing that is wrong with the pages; undefined where nothing is. */
function damageOf(database: DatabaseSync): string | undefined {
  const said = String(database.prepare("PRAGMA quick_check(1)").get()?.quick_check);
  return said === "ok" ? undefined : said;
}

function salvage(path: string, damage: string): DatabaseSync {
  const aside = `${path}-damaged`;
  log.error("the database is damaged; what can be read of it is taken over", { path, kept: aside, damage });
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(`${aside}${suffix}`, { force: true });
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${aside}${suffix}`);
  }
  const database = openDatabase(path);
  try {
    takeOver(aside, database);
  } catch (error) {
    log.error("nothing can be read of the damaged database", { path: aside, error: messageOf(error) });
  }
  return database;
}

function takeOver(aside: string, database: DatabaseSync): void {
  padToFullLength(aside);
  const damaged = new DatabaseSync(aside);
  try {
    const tables = damaged.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    for (const { name } of tables) {
      const table = String(name);
      if (!/^[a-z_]+$/.test(table) || table.endsWith("_unreadable")) continue;
      const rows = readableRows(damaged, table);
      // The table, as its owner makes it.
      new Records(database, table);
      const insert = database.prepare(`INSERT INTO ${table} (id, record) VALUES (?, ?)`);
      for (const [id, record] of rows) insert.run(id, record);
      log.warn("records taken over", { table, records: rows.size });
    }
  } finally {
    damaged.close();
  }
}

/** SQLite reads nothing of a file that is shorter than its header says (fileformat2.html, 1.3). */
function padToFullLength(path: string): void {
  const header = Buffer.alloc(32);
  const file = openSync(path, "r+");
  try {
    if (readSync(file, header, 0, header.length, 0) < header.length) return;
    const pageBytes = header.readUInt16BE(16);
    const bytes = header.readUInt32BE(28) * (pageBytes === 1 ? 65_536 : pageBytes);
    if (header.toString("latin1", 0, 15) === "SQLite format 3" && fstatSync(file).size < bytes)
      ftruncateSync(file, bytes);
  } finally {
    closeSync(file);
  }
}

/** From both ends, as far as the first page that cannot be read. */
function readableRows(damaged: DatabaseSync, table: string): Map<string, string> {
  const rows = new Map<string, string>();
  for (const order of ["ASC", "DESC"]) {
    try {
      const found = damaged.prepare(`SELECT id, record FROM ${table} ORDER BY id ${order}`).iterate();
      for (const { id, record } of found) rows.set(String(id), String(record));
    } catch (error) {
      log.warn("records cannot be read", { table, order, error: messageOf(error) });
    }
  }
  return rows;
}
