import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { Filesystem } from "./filesystem.ts";

test("a folder's filesystem, as findmnt and df have it", () => {
  const { device, bytes, inodes } = new Filesystem(tmpdir()).now;
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, [...args, tmpdir()], { encoding: "utf8" }).trim();
  assert.equal(device, run("findmnt", "-nvo", "SOURCE", "-T"));
  const df = run("df", "-B1", "--output=size,itotal").split("\n")[1]!;
  assert.deepEqual([String(bytes), String(inodes)], df.trim().split(/\s+/));
});
