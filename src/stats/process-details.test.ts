import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { openFilesOf, softLimitsOf } from "./process-details.ts";

const gone = 2 ** 22 + 1;

test("descriptors and sockets of processes, those that are gone left out", async () => {
  const before = await openFilesOf([process.pid]);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const after = await openFilesOf([process.pid, gone]);
  server.close();
  assert.equal(after.sockets - before.sockets, 1);
  assert.equal(after.descriptors - before.descriptors, 1);
});

test("soft limits, as prlimit has them", async () => {
  const child = spawn("sh", [
    "-c",
    "ulimit -S -n 777; ulimit -S -c 0; ulimit -S -t unlimited; echo; exec sleep 60",
  ]);
  try {
    await once(child.stdout, "data");
    const limits = softLimitsOf(child.pid!);
    assert.equal(limits.get("max open files"), 777);
    assert.equal(limits.get("max cpu time"), -1);
    assert.equal(limits.get("max core file size"), 0);
    const printed = execFileSync("prlimit", [
      "--pid",
      String(child.pid),
      "--raw",
      "--noheadings",
      "-o",
      "SOFT",
    ]);
    assert.equal(limits.size, printed.toString().trim().split("\n").length);
  } finally {
    child.kill("SIGKILL");
  }
  assert.equal(softLimitsOf(gone).size, 0);
});
