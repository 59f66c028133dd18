import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { isAlive, processIdentity } from "./process.ts";
import { killWithChildren } from "./process-tree.ts";

test("children go too, also those in another session", async () => {
  const child = spawn("sh", ["-c", "sleep 1000 & setsid sleep 1000 & echo $!; wait"], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const closed = once(child, "close");
  const [output] = await once(child.stdout, "data");
  const leader = processIdentity(child.pid!)!;
  const other = processIdentity(Number(String(output)))!;
  await killWithChildren(leader);
  assert.equal(isAlive(leader), false);
  assert.equal(isAlive(other), false);
  // The end of the output: nobody holds it any more.
  child.stdout.resume();
  await closed;
});

test("a process that is gone is no error", async () => {
  await killWithChildren({ pid: process.pid, startTime: 1 });
});
