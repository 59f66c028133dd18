import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { mount, unmount } from "../linux/mount.ts";
import { openDatabase, Records } from "./database.ts";

/** A database on a filesystem of 24 MiB, which `fill` fills. */
function smallDisk(t: { after(work: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), "critter-reserve-"));
  mount("tmpfs", folder, "tmpfs", 0, "size=24m");
  t.after(() => {
    unmount(folder);
    rmSync(folder, { recursive: true });
  });
  const fill = () => {
    for (let at = 0; ; at++) {
      try {
        writeFileSync(join(folder, `ballast-${at}`), Buffer.alloc(4096));
      } catch {
        return;
      }
    }
  };
  return { path: join(folder, "state.db"), fill };
}

test("on a full disk records are changed and deleted, and none is added", (t) => {
  const { path, fill } = smallDisk(t);
  const database = openDatabase(path);
  const records = new Records<{ text: string }>(database, "pods");
  for (let at = 0; at < 1000; at++) records.add(`pod-${at}`, { text: "x".repeat(1000) });
  fill();
  for (let at = 0; at < 1000; at++) records.put(`pod-${at}`, { text: "y".repeat(1000) });
  for (let at = 0; at < 1000; at++) records.delete(`pod-${at}`);
  database.close();
});

test("a database that grows on a full disk is refused what is new before what there is", (t) => {
  const { path, fill } = smallDisk(t);
  const database = openDatabase(path);
  const records = new Records<{ text: string }>(database, "pods");
  fill();
  let added = 0;
  assert.throws(
    () => {
      for (; added < 10_000; added++) records.add(`pod-${added}`, { text: "x".repeat(4000) });
    },
    { code: status.RESOURCE_EXHAUSTED, message: /no space left on device for records in \/.*state.db/ },
  );
  for (let at = 0; at < added; at++) records.put(`pod-${at}`, { text: "y" });
  for (let at = 0; at < added; at++) records.delete(`pod-${at}`);
  database.close();
});

test("the room is kept between two daemons", (t) => {
  const { path, fill } = smallDisk(t);
  const before = openDatabase(path);
  new Records<string>(before, "pods").add("pod", "x");
  before.close();
  fill();
  const database = openDatabase(path);
  new Records<string>(database, "pods").delete("pod");
  assert.ok(!existsSync(`${path}-reserve`));
  assert.ok(statSync(`${path}-wal`).blocks * 512 > 4 * 1024 * 1024);
  database.close();
});

test("another program sees the database locked, whatever descriptors the reserve has", (t) => {
  const { path } = smallDisk(t);
  const database = openDatabase(path);
  const records = new Records<string>(database, "pods");
  records.add("one", "x");
  records.add("two", "x");
  const script = `new (require("node:sqlite").DatabaseSync)(${JSON.stringify(path)}).exec("SELECT * FROM pods")`;
  assert.throws(
    () => execFileSync(process.execPath, ["-e", script], { stdio: "pipe" }),
    /database is locked/,
  );
  database.close();
});
