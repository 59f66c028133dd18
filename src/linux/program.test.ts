import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, type ProgramError, run } from "./program.ts";

const sh = (script: string) => ["-c", script];

test("both outputs and the input pass", async () => {
  const { stdout, stderr } = await run("sh", { args: sh("cat; echo problem >&2"), input: "hello" });
  assert.equal(stdout.toString(), "hello");
  assert.equal(stderr.toString(), "problem\n");
});

test("output beyond the limit is dropped without stopping the program", async () => {
  const { stdout } = await run("sh", { args: sh("head -c 3000000 /dev/zero"), maxOutputBytes: 1000 });
  assert.equal(stdout.length, 1000);
});

test("output beyond the limit is told of, also where the limit falls between two pieces", async () => {
  const tooMuch = new AbortController();
  const onExcess = () => tooMuch.abort(new Error("too much"));
  const endless = run("yes", { args: [], maxOutputBytes: 1 << 20, onExcess, signal: tooMuch.signal });
  await assert.rejects(endless, /too much/);
});

test("an error names the program, its end and what it said", async () => {
  await assert.rejects(run("sh", { args: sh("echo no such thing >&2; exit 3") }), (error: ProgramError) => {
    assert.equal(error.message, "sh exited with code 3: no such thing");
    assert.equal(error.exitCode, 3);
    return true;
  });
  await assert.rejects(run("sh", { args: sh("kill -TERM $$") }), /sh was ended by SIGTERM/);
  await assert.rejects(
    run("/nonexistent/program", { args: [] }),
    /\/nonexistent\/program cannot be started.*ENOENT/,
  );
});

test("time limit and abort end the whole group", async () => {
  await assert.rejects(
    run("sh", { args: sh("sleep 1000 & echo waiting >&2; sleep 1000"), timeoutMs: 100 }),
    /sh was killed after 100 ms: waiting/,
  );
  const cause = new Error("the client left");
  await assert.rejects(run("sleep", { args: ["1000"], signal: AbortSignal.abort(cause) }), cause);
  const controller = new AbortController();
  const running = run("sh", { args: sh("sleep 1000; true"), signal: controller.signal });
  setImmediate(() => controller.abort(cause));
  await assert.rejects(running, cause);
});

test("a heir of the outputs does not hold up the end", async () => {
  const running = await launch("sh", { args: sh("setsid sleep 1000 & echo $!") });
  const { stdout, exitCode } = await running.ended;
  process.kill(Number(stdout.toString()), "SIGKILL");
  assert.equal(exitCode, 0);
});

test("no output is lost when the program's end is noticed before it, and then the event loop is busy for long", async () => {
  // Begins to follow the ends of children, so that the listeners around it are those below.
  await run("true", { args: [] });
  const busyFor = (milliseconds: number) =>
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  let ends = 0;
  const before = () => void (ends++ === 0 && busyFor(400));
  const after = () => void (ends === 1 && busyFor(1000));
  process.prependListener("SIGCHLD", before);
  process.on("SIGCHLD", after);
  try {
    // While the first one's end is noticed, the second one speaks and ends.
    const first = run("sleep", { args: ["0.1"] });
    const second = run("sh", { args: sh("sleep 0.3; echo words") });
    await first;
    assert.equal((await second).stdout.toString(), "words\n");
  } finally {
    process.off("SIGCHLD", before);
    process.off("SIGCHLD", after);
  }
});
