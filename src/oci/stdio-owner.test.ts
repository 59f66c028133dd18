import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { spawn } from "../linux/child-process.ts";
import { ownStdio } from "./stdio-owner.ts";

test("pipes are given away, /dev/null is not", async () => {
  const child = spawn("cat", [], { stdio: ["pipe", "ignore", "pipe"] });
  ownStdio(child.pid as number, { uid: 65_569, gid: 1007 });
  const owners = [0, 1, 2].map((stream) => statSync(`/proc/${child.pid}/fd/${stream}`).uid);
  assert.deepEqual(owners, [65_569, 0, 65_569]);
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.stdin?.end();
  await ended;
});
