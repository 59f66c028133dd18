import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { machineCgroups } from "../cgroups/machine.ts";
import { processesIn } from "../cgroups/processes.ts";
import { exec } from "./exec.ts";
import { Runtime } from "./runtime.ts";
import { RuntimeError } from "./runtime-error.ts";
import type { ProcessStreams, TerminalSize } from "./streams.ts";
import { TestBed } from "./test-bed.test.ts";

const bed = new TestBed();
after(() => bed.remove());
const container = await bed.start({ args: ["sleep", "1000000"] });
const { process: spec } = JSON.parse(readFileSync(`${container.bundle}/config.json`, "utf8"));
const cgroups = bed.cgroupFolders();
const never = new AbortController().signal;

/** A client whose terminal, if it has one, is 80 by 24; it copies what it is given, as a connection does. */
class Client implements ProcessStreams {
  readonly stdin = new PassThrough();
  readonly chunks: Record<"out" | "err", Buffer[]> = { out: [], err: [] };
  readonly stdout = this.#sink("out");
  readonly stderr = this.#sink("err");
  resize: (size: TerminalSize) => void = () => {};

  onResize(listener: (size: TerminalSize) => void): void {
    this.resize = listener;
    listener({ width: 80, height: 24 });
  }

  get out(): string {
    return Buffer.concat(this.chunks.out).toString();
  }

  get err(): string {
    return Buffer.concat(this.chunks.err).toString();
  }

  async hears(text: string): Promise<void> {
    for (let turn = 0; turn < 1_000 && !this.out.includes(text); turn++) await sleep(5);
    assert.ok(this.out.includes(text), this.out);
  }

  #sink(name: "out" | "err"): Writable {
    return new Writable({
      write: (chunk, _encoding, done) => {
        this.chunks[name].push(Buffer.from(chunk));
        done();
      },
    });
  }
}

interface RunOptions {
  terminal?: boolean;
  signal?: AbortSignal;
  runtime?: Runtime;
}

const run = (
  client: ProcessStreams,
  script: string,
  { terminal = false, signal = never, runtime = bed.runtime }: RunOptions = {},
) => {
  const process = { ...spec, args: ["sh", "-c", script], terminal };
  return exec({ runtime, id: container.id, process }, client, signal);
};

/** One that takes half a second to end after it has begun the command, as on a busy machine. */
function lingeringRuntime(): Runtime {
  const path = join(bed.folder, "lingering-runtime");
  writeFileSync(path, `#!/bin/sh\n${bed.runtime.path} "$@"; code=$?; sleep 0.5; exit $code\n`, {
    mode: 0o755,
  });
  return new Runtime({ name: "lingering", path, root: bed.runtime.root, systemdCgroup: false });
}

const inContainer = () => processesIn(machineCgroups(), `${bed.cgroup}/${container.id}`);

/** Nothing but the container's own process, its own cgroups, no file, no descriptor. */
function nothingLeft(): void {
  assert.deepEqual(inContainer(), [container.process.pid]);
  assert.deepEqual(bed.cgroupFolders(), cgroups);
  assert.deepEqual(readdirSync(`${bed.runtime.root}-exec`), []);
}

const openFiles = () => readdirSync("/proc/self/fd").length;

test("input, both outputs and the exit code come through", async () => {
  const client = new Client();
  client.stdin.end("typed\n");
  const end = await run(client, "cat; echo error >&2; exit 7");
  assert.deepEqual([client.out, client.err, end], ["typed\n", "error\n", { exitCode: 7 }]);
  nothingLeft();
});

test("streams that the client did not ask for are /dev/null", async () => {
  const client = new Client();
  const { stdout } = client;
  await run({ stdout, onResize() {} }, "cat; echo only; echo nobody >&2");
  assert.equal(client.out, "only\n");
  assert.equal((await run({ onResize() {} }, "echo nobody; exit 3")).exitCode, 3);
});

test("a command that does not read its input ends all the same", async () => {
  const endless = new Readable({
    read() {
      setImmediate(() => this.push(Buffer.alloc(65_536)));
    },
  });
  assert.equal((await run({ stdin: endless, onResize() {} }, "exit 4")).exitCode, 4);
  endless.destroy();
  nothingLeft();
});

test("a command that closes its input while the client still sends is not disturbed", async () => {
  const endless = new Readable({
    read() {
      setImmediate(() => this.push(Buffer.alloc(65_536)));
    },
  });
  const client = new Client();
  const { stdout } = client;
  const end = await run({ stdin: endless, stdout, onResize() {} }, "exec <&-; sleep 0.2; echo undisturbed");
  assert.deepEqual([client.out, end], ["undisturbed\n", { exitCode: 0 }]);
  endless.destroy();
});

test("every byte passes, in and out, however slowly the client reads", async () => {
  const bytes = Buffer.alloc(4 << 20, "0123456789abcdef\n");
  const hash = createHash("sha256");
  let count = 0;
  const stdout = new Writable({
    highWaterMark: 1024,
    write(chunk, _encoding, done) {
      hash.update(chunk);
      count += chunk.length;
      setTimeout(done, 2);
    },
  });
  await run({ stdin: Readable.from([bytes]), stdout, onResize() {} }, "cat");
  assert.equal(count, bytes.length);
  assert.equal(hash.digest("hex"), createHash("sha256").update(bytes).digest("hex"));
});

test("a client that stops reading stops the command's output", async () => {
  let taken = 0;
  let release = () => {};
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      taken += chunk.length;
      release = done;
    },
  });
  const leaving = new AbortController();
  const under = run({ stdout, onResize() {} }, "exec dd if=/dev/zero bs=65536", { signal: leaving.signal });
  await sleep(300);
  assert.ok(taken > 0 && taken <= 128 << 10, String(taken));
  release();
  leaving.abort(new Error("left"));
  await assert.rejects(under, /left/);
  nothingLeft();
});

test("a program left in the background does not hold up the end, and is the container's from then on", async () => {
  const client = new Client();
  assert.equal((await run(client, "sleep 1000 & echo begun; exit 5")).exitCode, 5);
  assert.equal(client.out, "begun\n");
  assert.equal(inContainer().length, 2);
  for (const pid of inContainer()) if (pid !== container.process.pid) process.kill(pid, "SIGKILL");
  while (inContainer().length > 1) await sleep(5);
  nothingLeft();
});

test("a command that does not exist is an error with the runtime's words", async () => {
  for (const terminal of [false, true]) {
    const process = { ...spec, args: ["no-such-command"], terminal };
    const failing = exec({ runtime: bed.runtime, id: container.id, process }, new Client(), never);
    await assert.rejects(failing, (error: Error) => {
      assert.ok(error instanceof RuntimeError, error.stack);
      assert.match(error.message, /"no-such-command": executable file not found in \$PATH/);
      return true;
    });
    nothingLeft();
  }
});

test("a shell on a terminal has job control, the client's size from its beginning, and each new one", async () => {
  const client = new Client();
  const under = run(client, "stty size; exec sh", { terminal: true });
  await client.hears("24 80\r\n");
  client.resize({ width: 132, height: 50 });
  client.stdin.write("until [ \"$(stty size)\" = '50 132' ]; do sleep 0.01; done; echo re''sized\n");
  await client.hears("resized");
  client.stdin.write("sleep 1000\n");
  await client.hears("sleep 1000\r\n");
  await sleep(100);
  client.stdin.write("\x03");
  client.stdin.write("echo code $?\n");
  await client.hears("code 130\r\n");
  client.stdin.write("exit 9\n");
  assert.deepEqual(await under, { exitCode: 9 });
  assert.equal(client.err, "");
  nothingLeft();
});

test("a terminal ends lines as its program sets it to, from the first", async () => {
  for (let turn = 0; turn < 8; turn++) {
    const client = new Client();
    await run(client, "printf 'one\\ntwo\\n'; stty -onlcr; printf 'three\\nfour\\n'", { terminal: true });
    assert.equal(client.out, "one\r\ntwo\r\nthree\nfour\n");
  }
});

for (const terminal of [false, true]) {
  const kind = terminal ? "with a terminal" : "without a terminal";

  test(`a client that leaves hangs up ${kind}`, async () => {
    const leaving = new AbortController();
    const client = new Client();
    const { signal } = leaving;
    const under = run(client, "echo ready; sleep 1000", { terminal, signal });
    await client.hears("ready");
    leaving.abort(new Error("the client left"));
    await assert.rejects(under, /the client left/);
    nothingLeft();
  });

  test(`a client that leaves before the runtime is done hangs up all the same ${kind}`, async () => {
    const leaving = new AbortController();
    const client = new Client();
    const script = "trap 'exec 3>/tmp/heeded; exit' HUP; echo ready; while :; do sleep 0.1; done";
    const under = run(client, script, { terminal, signal: leaving.signal, runtime: lingeringRuntime() });
    await client.hears("ready");
    leaving.abort(new Error("the client left"));
    await assert.rejects(under, /the client left/);
    const file = join(bed.folder, "rootfs/tmp/heeded");
    assert.ok(existsSync(file));
    rmSync(file);
    nothingLeft();
  });

  test(`what ignores the hang-up is killed ${kind}`, async () => {
    const leaving = new AbortController();
    const client = new Client();
    const script = "trap '' HUP; setsid sleep 1000 & echo ready; while :; do sleep 0.1; done";
    const under = run(client, script, { terminal, signal: leaving.signal });
    await client.hears("ready");
    leaving.abort(new Error("the client left"));
    await assert.rejects(under, /the client left/);
    nothingLeft();
  });
}

test("sessions cut off at any moment leave nothing", async () => {
  await run(new Client(), "sleep 0.1", { terminal: true });
  const before = openFiles();
  for (const terminal of [false, true]) {
    const sessions = [0, 2, 5, 8, 11, 14, 17, 20, 25, 30].map((ms) =>
      assert.rejects(run(new Client(), "sleep 1000", { terminal, signal: AbortSignal.timeout(ms) }), {
        name: "TimeoutError",
      }),
    );
    await Promise.all(sessions);
    nothingLeft();
  }
  // What hastens moves between cgroups is still at it for a moment.
  for (let turn = 0; turn < 200 && openFiles() > before; turn++) await sleep(10);
  assert.ok(openFiles() <= before);
});

test("many execs at once do not disturb each other", async () => {
  const numbers = [1, 2, 3, 4, 5, 6];
  const clients = numbers.map(() => new Client());
  const scripts = numbers.map((number) => `echo ${number}; sleep 0.1; exit ${number}`);
  const ends = await Promise.all(scripts.map((script, at) => run(clients[at]!, script)));
  assert.deepEqual(
    ends.map(({ exitCode }) => exitCode),
    numbers,
  );
  assert.deepEqual(
    clients.map(({ out }) => Number(out)),
    numbers,
  );
  nothingLeft();
});

test("the end of the container is the end of its execs", async () => {
  const { process: first, id } = await bed.start({ args: ["sleep", "1000000"] });
  const client = new Client();
  const process = { ...spec, args: ["sh", "-c", "echo ready; sleep 1000"] };
  const under = exec({ runtime: bed.runtime, id, process: { ...process, terminal: false } }, client, never);
  await client.hears("ready");
  globalThis.process.kill(first.pid, "SIGKILL");
  assert.equal((await under).exitCode, 137);
});
