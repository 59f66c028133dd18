import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { Filesystem } from "./filesystem.ts";

test("a folder's filesystem, as df has it", () => {
  const { device, bytes, inodes } = new Filesystem(tmpdir()).now;
  const df = execFileSync("df", ["-B1", "--output=source,size,itotal", tmpdir()], { encoding: "utf8" });
  const told = df.trim().split("\n")[1]!.trim().split(/\s+/);
  assert.deepEqual([device, String(bytes), String(inodes)], told);
});
