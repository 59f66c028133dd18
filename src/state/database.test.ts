import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { redirectLog } from "../log.ts";
import { openDatabase, Records, transaction } from "./database.ts";

interface Pod {
  name: string;
}
const isPod = (record: unknown): record is Pod => typeof (record as Pod).name === "string";

function temporaryDatabase(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "critter-state-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "state.db");
}

test("records survive the database being closed and opened", (t) => {
  const path = temporaryDatabase(t);
  const first = openDatabase(path);
  const pods = new Records<Pod>(first, "pods");
  pods.put("a", { name: "one" });
  pods.put("a", { name: "two" });
  pods.put("b", { name: "three" });
  pods.delete("b");
  first.close();

  const second = openDatabase(path);
  t.after(() => second.close());
  assert.deepEqual([...new Records<Pod>(second, "pods").load(isPod)], [["a", { name: "two" }]]);
});

test("a record that cannot be read is set aside, and the others load", (t) => {
  const lines: string[] = [];
  t.after(redirectLog((line) => lines.push(line)));
  const database = openDatabase(temporaryDatabase(t));
  t.after(() => database.close());
  const pods = new Records<Pod>(database, "pods");
  pods.put("good", { name: "one" });
  database.exec(`INSERT INTO pods VALUES ('torn', '{"name":'), ('foreign', '{"title":"x"}')`);

  assert.deepEqual([...pods.load(isPod).keys()], ["good"]);
  assert.equal(lines.length, 2);
  assert.equal(pods.unreadable, 2);
  assert.equal(database.prepare("SELECT count(*) AS n FROM pods_unreadable").get()?.n, 2);
  assert.deepEqual([...pods.load(isPod).keys()], ["good"]);
  assert.equal(lines.length, 2);
});

test("a transaction that throws leaves nothing", (t) => {
  const database = openDatabase(temporaryDatabase(t));
  t.after(() => database.close());
  const pods = new Records<Pod>(database, "pods");
  assert.throws(() =>
    transaction(database, () => {
      pods.put("a", { name: "one" });
      throw new Error("half way");
    }),
  );
  assert.equal(pods.load(isPod).size, 0);
});
