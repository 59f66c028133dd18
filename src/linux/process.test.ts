import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { constants } from "node:os";
import { test } from "node:test";
import { isAlive, openPidfd, processIdentity, signalProcess } from "./process.ts";

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

test("a process of another boot does not run, whoever has its number and start now", () => {
  const identity = processIdentity(process.pid)!;
  const before = { ...identity, boot: "7a8c4b0e-6f0d-4b0f-9d0a-2f1a3d0c5e11" };
  assert.equal(isAlive(before), false);
  assert.equal(signalProcess(before, constants.signals.SIGKILL), false);
  const { pid, startTime } = identity;
  assert.equal(isAlive({ pid, startTime }), true);
});

test("the number of a thread, as of a process that is just being reaped, is no process's", () => {
  const thread = readdirSync("/proc/self/task")
    .map(Number)
    .find((id) => id !== process.pid)!;
  assert.equal(openPidfd(thread), undefined);
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
