import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { ownPidNamespace, scanProcesses } from "./process-scan.ts";

test("a process is found by its arguments and by its environment", async () => {
  const child = spawn("sleep", ["1000"], { env: { CRITTER_SCAN: "here" } });
  await once(child, "spawn");
  try {
    const found = scanProcesses().filter(({ environment }) => environment.includes("CRITTER_SCAN=here"));
    assert.deepEqual(
      found.map(({ identity, args }) => [identity.pid, args]),
      [[child.pid, ["sleep", "1000"]]],
    );
    assert.equal(found[0]?.pidNamespace, ownPidNamespace());
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  assert.ok(!scanProcesses().some(({ identity }) => identity.pid === child.pid));
});

test("an environment longer than what is read at once is read whole", async () => {
  const value = "é".repeat(50_000);
  const child = spawn("sleep", ["1000"], { env: { LONG: value, CRITTER_SCAN: "long" } });
  await once(child, "spawn");
  try {
    const found = scanProcesses().find(({ pid }) => pid === child.pid);
    assert.deepEqual(found?.environment, [`LONG=${value}`, "CRITTER_SCAN=long"]);
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});
