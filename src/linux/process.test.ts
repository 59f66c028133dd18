import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { test } from "node:test";
import { isAlive, processIdentity, signalProcess } from "./process.ts";

test("a process is known by its number and its start", async () => {
  const child = spawn("sleep", ["100"], { stdio: "ignore" });
  const identity = processIdentity(child.pid!)!;
  assert.equal(identity.pid, child.pid);
  assert.equal(isAlive(identity), true);
  assert.equal(isAlive({ ...identity, startTime: identity.startTime - 1 }), false);
  assert.equal(
    signalProcess({ ...identity, startTime: identity.startTime - 1 }, constants.signals.SIGKILL),
    false,
  );
  assert.equal(signalProcess(identity, constants.signals.SIGTERM), true);
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGTERM");
  assert.equal(isAlive(identity), false);
  assert.equal(processIdentity(child.pid!), undefined);
  assert.equal(signalProcess(identity, constants.signals.SIGTERM), false);
});

test("a command's name cannot mislead", () => {
  const title = process.title;
  process.title = "a) S (b 1 2";
  try {
    assert.ok(isAlive(processIdentity(process.pid)!));
  } finally {
    process.title = title;
  }
});
