import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Entry, tarLayer } from "./tar.ts";

const program: Entry = { path: "bin/busybox", type: "file", content: Buffer.alloc(700, "x"), mode: 0o4755 };

test("tar unpacks a layer as it was described", () => {
  const folder = mkdtempSync(join(tmpdir(), "critter-tar-"));
  try {
    const layer = tarLayer([
      { path: "bin/ash", type: "hardlink", target: "bin/busybox" },
      program,
      { path: "tmp", type: "directory", mode: 0o1777 },
      { path: "var/run", type: "symlink", target: "../run" },
      { path: "home/file", type: "file", content: Buffer.from("text"), uid: 1000, gid: 100 },
    ]);
    execFileSync("tar", ["-xp", "-C", folder], { input: layer });
    const stat = (path: string) => lstatSync(join(folder, path));
    assert.equal(stat("bin/ash").ino, stat("bin/busybox").ino);
    assert.equal(stat("bin/busybox").mode & 0o7777, 0o4755);
    assert.equal(stat("tmp").mode & 0o7777, 0o1777);
    assert.equal(readlinkSync(join(folder, "var/run")), "../run");
    assert.equal(readFileSync(join(folder, "home/file"), "utf8"), "text");
    assert.deepEqual([stat("home/file").uid, stat("home/file").gid], [1000, 100]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("folders come before what is in them, and hard links after their files", () => {
  const layer = tarLayer([{ path: "a/link", type: "hardlink", target: "bin/busybox" }, program]);
  const names = execFileSync("tar", ["-t"], { input: layer, encoding: "utf8" }).trim().split("\n");
  assert.deepEqual(names, ["a/", "bin/", "bin/busybox", "a/link"]);
});

test("a path that is given twice is refused", () => {
  assert.throws(() => tarLayer([program, program]), /bin\/busybox twice/);
});
