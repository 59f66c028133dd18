import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { openDatabase } from "./database.ts";
import { NewerSchemaError, SCHEMA } from "./schema.ts";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "critter-schema-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs SQL as a daemon does that is killed afterwards: what it wrote is in the log, not in the database. */
function killedAfter(path: string, sql: string): void {
  const script = `
    const database = new (require("node:sqlite").DatabaseSync)(${JSON.stringify(path)});
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL");
    database.exec(${JSON.stringify(sql)});
    process.kill(process.pid, "SIGKILL");`;
  assert.equal(spawnSync(process.execPath, ["-e", script]).signal, "SIGKILL");
}

function contents(folder: string): Map<string, string> {
  return new Map(readdirSync(folder).map((name) => [name, hash("sha256", readFileSync(join(folder, name)))]));
}

function schemaIn(path: string): unknown {
  const database = new DatabaseSync(path);
  try {
    return database.prepare("PRAGMA user_version").get()?.user_version;
  } finally {
    database.close();
  }
}

test("a new database, and one from before there were numbers, get this critter's", (t) => {
  const path = join(temporaryFolder(t), "state.db");
  openDatabase(path).close();
  assert.equal(schemaIn(path), SCHEMA);

  const old = new DatabaseSync(path);
  old.exec("PRAGMA user_version = 0; CREATE TABLE kept (id TEXT); INSERT INTO kept VALUES ('one')");
  old.close();
  const opened = openDatabase(path);
  assert.equal(opened.prepare("SELECT id FROM kept").get()?.id, "one");
  opened.close();
  assert.equal(schemaIn(path), SCHEMA);
});

test("a newer schema is refused by both numbers, and nothing is touched", (t) => {
  for (const end of ["closed", "killed"]) {
    const folder = temporaryFolder(t);
    const path = join(folder, "state.db");
    const sql = "PRAGMA user_version = 4711; CREATE TABLE pods (id TEXT); INSERT INTO pods VALUES ('x')";
    if (end === "killed") killedAfter(path, sql);
    else {
      const newer = new DatabaseSync(path);
      newer.exec(`PRAGMA journal_mode = WAL; ${sql}`);
      newer.close();
    }
    const before = contents(folder);
    assert.equal(before.has("state.db-wal"), end === "killed");
    assert.throws(
      () => openDatabase(path),
      (error) =>
        error instanceof NewerSchemaError &&
        error.message.includes("schema 4711,") &&
        error.message.includes(`up to ${SCHEMA}:`),
    );
    assert.deepEqual(contents(folder), before, end);
    assert.equal(schemaIn(path), 4711);
  }
});

test("what a killed daemon left in the log of its database is there when the schema was looked at", (t) => {
  const path = join(temporaryFolder(t), "state.db");
  killedAfter(
    path,
    `PRAGMA user_version = ${SCHEMA}; CREATE TABLE kept (id TEXT); INSERT INTO kept VALUES ('one')`,
  );
  const database = openDatabase(path);
  assert.equal(database.prepare("SELECT id FROM kept").get()?.id, "one");
  database.close();
});

test("a file that is no database is reported by what opens it", (t) => {
  const path = join(temporaryFolder(t), "state.db");
  writeFileSync(path, "no database, but longer than a header of one would be".repeat(10));
  assert.throws(() => openDatabase(path), /not a database/);
});

test("nobody else may read database and log, also those that an older critter has made", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "state.db");
  killedAfter(path, "CREATE TABLE kept (id TEXT)");
  const database = openDatabase(path);
  t.after(() => database.close());
  database.exec("INSERT INTO kept VALUES ('one')");
  const modes = execFileSync("stat", ["-c", "%a", ...readdirSync(folder).map((name) => join(folder, name))]);
  assert.deepEqual(new Set(modes.toString().trim().split("\n")), new Set(["600"]));
});
