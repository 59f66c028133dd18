import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Records, transaction } from "./database.ts";
import { openOrSalvage } from "./salvage.ts";

type Row = { text: string };
const isRow = (value: unknown): value is Row => typeof (value as Row).text === "string";
const rowsOf = (path: string) => {
  const database = openOrSalvage(path);
  const records = new Records<Row>(database, "pods").load(isRow);
  database.close();
  return [...records.keys()];
};

/** A closed database of 300 records, some ten of them in a page. */
function filled(t: { after(work: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "critter-salvage-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "state.db");
  const database = openOrSalvage(path);
  const records = new Records<Row>(database, "pods");
  transaction(database, () => {
    for (let at = 0; at < 300; at++)
      records.put(`pod-${String(at).padStart(3, "0")}`, { text: "x".repeat(350) });
  });
  database.close();
  return path;
}

function overwrite(path: string, at: number, length: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(length, 0xa5), 0, length, at);
  closeSync(file);
}

test("a sound database is opened as it is", (t) => {
  const path = filled(t);
  assert.equal(rowsOf(path).length, 300);
  assert.ok(!existsSync(`${path}-damaged`));
});

test("of a database with a page of rubbish the records before and behind it are taken over", (t) => {
  const path = filled(t);
  overwrite(path, (statSync(path).size >> 13) << 12, 4096);
  const rows = rowsOf(path);
  assert.ok(rows.length > 150 && rows.length < 300, `${rows.length}`);
  assert.ok(rows.includes("pod-000") && rows.includes("pod-299"));
  assert.ok(existsSync(`${path}-damaged`));
  assert.equal(rowsOf(path).length, rows.length);
});

test("so are those of a database that was cut off", (t) => {
  const path = filled(t);
  truncateSync(path, (statSync(path).size >> 13) << 12);
  const rows = rowsOf(path);
  assert.ok(rows.includes("pod-000"), `${rows.length}`);
});

test("a database without its beginning, or of rubbish, gives way to an empty one", (t) => {
  const path = filled(t);
  overwrite(path, 0, 4096);
  assert.deepEqual(rowsOf(path), []);
  writeFileSync(path, "no database");
  assert.deepEqual(rowsOf(path), []);
});

test("rubbish in place of its log costs the records of the log alone", (t) => {
  const path = filled(t);
  writeFileSync(`${path}-wal`, Buffer.alloc(100_000, 0xa5));
  assert.equal(rowsOf(path).length, 300);
});
