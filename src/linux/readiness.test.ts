import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, readdirSync, writeSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { spawn } from "./child-process.ts";
import { check, declare } from "./libc.ts";
import { BROKEN, READABLE, readiness, WRITABLE } from "./readiness.ts";

const pipe2 = declare("int pipe2(_Out_ void *fds, int flags)");
const O_CLOEXEC_NONBLOCK = 0x80800;

function pipe(): [number, number] {
  const fds = Buffer.alloc(8);
  check(pipe2(fds, O_CLOEXEC_NONBLOCK), "pipe2", "");
  return [fds.readInt32LE(0), fds.readInt32LE(4)];
}

const next = (fd: number, events: number) =>
  new Promise<number>((resolve) => readiness.watch(fd, events, resolve));

function close(...fds: number[]): void {
  for (const fd of fds) readiness.unwatch(fd);
  for (const fd of fds) closeSync(fd);
}

test("each watch is told of once, however long the descriptor stays ready", async () => {
  const [reader, writer] = pipe();
  assert.equal(await next(writer, WRITABLE), WRITABLE);
  let told = 0;
  readiness.watch(reader, READABLE, () => assert.fail("replaced by the next"));
  readiness.watch(reader, READABLE, () => told++);
  writeSync(writer, "word");
  await sleep(50);
  assert.equal(told, 1);
  assert.equal(await next(reader, READABLE), READABLE);
  close(reader, writer);
});

test("the end of the other side is told to those that wait for anything else, too", async () => {
  const [reader, writer] = pipe();
  const told = next(writer, 0);
  closeSync(reader);
  assert.notEqual((await told) & BROKEN, 0);
  close(writer);
});

test("what is no longer watched is not told of, though a child has a copy, nor is its number's next owner", async () => {
  const [reader, writer] = pipe();
  readiness.watch(reader, READABLE, () => assert.fail("not watched any more"));
  const child = spawn("sleep", ["0.05"], { stdio: ["ignore", "ignore", "ignore"] });
  writeSync(writer, "word");
  // The news of it is on its way when the number changes hands.
  const turn = Date.now() + 5;
  while (Date.now() < turn);
  close(reader);
  const [second, other] = pipe();
  assert.equal(second, reader);
  readiness.watch(second, READABLE, () => assert.fail("nothing to read here"));
  await once(child, "exit");
  close(second, writer, other);
});

test("a program ends when nothing is watched", () => {
  const code = `import { readiness, READABLE } from "${import.meta.dirname}/readiness.ts";
    import { openPidfd } from "${import.meta.dirname}/process.ts";
    const pidfd = openPidfd(process.pid);
    readiness.watch(pidfd, READABLE, () => {});
    setTimeout(() => readiness.unwatch(pidfd), 20);`;
  execFileSync(process.execPath, ["--input-type=module", "-e", code], { timeout: 20_000, stdio: "ignore" });
});

test("a hundred descriptors come and go, and none is left", async () => {
  const before = readdirSync("/proc/self/fd").length;
  const pipes = Array.from({ length: 100 }, pipe);
  const told = pipes.map(([reader]) => next(reader, READABLE));
  for (const [, writer] of pipes) writeSync(writer, "x");
  await Promise.all(told);
  for (const ends of pipes) close(...ends);
  assert.equal(readdirSync("/proc/self/fd").length, before);
});
