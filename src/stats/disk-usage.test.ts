import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DEEP_TREE_INODES, makeDeepTree } from "../../test/support/deep-tree.ts";
import { diskUsage, smallDiskUsage, smallInodes } from "./disk-usage.ts";

test("blocks and inodes as du counts them: links once, symlinks not followed, names of any bytes", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-disk-usage-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "a", "b"), { recursive: true });
  writeFileSync(join(folder, "a", "b", "file"), Buffer.alloc(100_000));
  linkSync(join(folder, "a", "b", "file"), join(folder, "a", "link"));
  symlinkSync("/usr", join(folder, "symlink"));
  const odd = Buffer.concat([Buffer.from(folder), Buffer.from("/\xff\xfe", "latin1")]);
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from("/file")]), Buffer.alloc(5000));

  const du = (...options: string[]) =>
    Number(execFileSync("du", ["-s", ...options, folder], { encoding: "utf8" }).split("\t")[0]);
  assert.deepEqual(diskUsage(folder), { bytes: du("-B1"), inodes: du("--inodes") });
  assert.equal(diskUsage(folder)?.inodes, 7);
});

test("nothing hides below where a path can lead", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-disk-usage-"));
  t.after(() => execFileSync("rm", ["-r", folder]));
  for (const name of ["one", "two"]) {
    mkdirSync(join(folder, name));
    makeDeepTree(join(folder, name));
  }
  const bytes = Number(execFileSync("du", ["-s", "-B1", folder], { encoding: "utf8" }).split("\t")[0]);
  const descriptors = readdirSync("/proc/self/fd").length;
  assert.deepEqual(diskUsage(folder), { bytes, inodes: 2 * (DEEP_TREE_INODES + 1) + 1 });
  assert.equal(readdirSync("/proc/self/fd").length, descriptors);
});

test("a folder that is not there has none", () => {
  assert.equal(diskUsage("/nonexistent/layer"), undefined);
});

test("what is too much to be counted at once is left to others", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-disk-usage-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (let at = 0; at < smallInodes + 10; at++) writeFileSync(join(folder, String(at)), "");
  assert.equal(smallDiskUsage(folder), undefined);
  assert.equal(diskUsage(folder)?.inodes, smallInodes + 11);
  for (let at = 9; at < smallInodes + 10; at++) rmSync(join(folder, String(at)));
  assert.equal(smallDiskUsage("/nonexistent/layer"), undefined);
  // A busy machine may take long for so little: then it is tried again.
  let small = smallDiskUsage(folder);
  while (!small) small = smallDiskUsage(folder);
  assert.deepEqual(small, diskUsage(folder));
});
