import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { PassThrough, Writable } from "node:stream";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, signalProcess } from "../linux/process.ts";
import { attach } from "./attach.ts";
import type { CreateOptions, MonitoredContainer } from "./monitor.ts";
import type { ProcessStreams, TerminalSize } from "./streams.ts";
import { TestBed } from "./test-bed.test.ts";

const bed = new TestBed();
await bed.exits.start();
after(() => bed.remove());

type Container = CreateOptions & MonitoredContainer;
const openFiles = () => readdirSync("/proc/self/fd").length;

/** One that has been created, not started: what attaches now gets all of its output. */
async function create(script: string, options: Partial<CreateOptions> = {}): Promise<Container> {
  const created = { ...bed.bundle({ args: ["sh", "-c", script], tty: options.tty ?? false }), ...options };
  return { ...created, ...(await bed.monitor.createContainer(created)) };
}

/** A client that keeps what it reads. */
class Client implements ProcessStreams {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly said = { stdout: "", stderr: "" };
  #listener: (size: TerminalSize) => void = () => {};

  constructor() {
    for (const name of ["stdout", "stderr"] as const)
      this[name].on("data", (chunk) => {
        this.said[name] += chunk;
      });
  }

  onResize(listener: (size: TerminalSize) => void): void {
    this.#listener = listener;
  }

  resize(width: number, height: number): void {
    this.#listener({ width, height });
  }

  async hears(text: string): Promise<void> {
    while (!this.said.stdout.includes(text)) await sleep(5);
  }
}

const never = new AbortController().signal;

test("input and both outputs pass, and the end of input is the container's with StdinOnce", async () => {
  const container = await create('read word; echo "got $word"; cat; echo bye >&2', {
    stdin: true,
    stdinOnce: true,
  });
  const client = new Client();
  const attached = attach(container, client, never);
  await bed.runtime.start(container.id);
  client.stdin.write("hello\n");
  await client.hears("got hello\n");
  client.stdin.end("rest\n");
  await attached;
  assert.deepEqual(client.said, { stdout: "got hello\nrest\n", stderr: "bye\n" });
  assert.ok(await bed.exits.wait(container.id, never));
});

test("sixteen MiB go in and out unharmed, in pieces of any size", async () => {
  const container = await create("cat", { stdin: true, stdinOnce: true });
  const sum = createHash("sha256");
  const stdin = new PassThrough();
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      sum.update(chunk);
      setImmediate(done);
    },
  });
  const attached = attach(container, { stdin, stdout, onResize() {} }, never);
  await bed.runtime.start(container.id);
  const sent = createHash("sha256");
  for (let left = 16; left > 0; left--) {
    const megabyte = randomBytes(1 << 20);
    sent.update(megabyte);
    const cut = left * 50_021;
    stdin.write(megabyte.subarray(0, cut));
    if (!stdin.write(megabyte.subarray(cut))) await new Promise((resolve) => stdin.once("drain", resolve));
  }
  stdin.end();
  await attached;
  assert.equal(sum.digest("hex"), sent.digest("hex"));
});

test("without StdinOnce a client's end of input leaves the container's open, and several clients share both", async () => {
  const container = await create("while read line; do echo $line; done", { stdin: true });
  const [first, second] = [new Client(), new Client()];
  const attached = [first, second].map((client) => attach(container, client, never));
  await bed.runtime.start(container.id);
  first.stdin.end("one\n");
  await Promise.all([first.hears("one\n"), second.hears("one\n")]);
  second.stdin.write("two\n");
  await Promise.all([first.hears("two\n"), second.hears("two\n")]);

  const late = new Client();
  const leaving = new AbortController();
  const lateEnd = attach(container, late, leaving.signal);
  await sleep(20);
  second.stdin.write("three\n");
  await Promise.all([first, second, late].map((client) => client.hears("three\n")));
  assert.equal(late.said.stdout, "three\n");
  leaving.abort();
  await lateEnd;
  second.stdin.write("four\n");
  await first.hears("four\n");
  assert.equal(late.said.stdout, "three\n");
  assert.ok(isAlive(container.process));
  signalProcess(container.process, 9);
  await Promise.all(attached);
});

test("a terminal takes the client's size, its keys and gives what it echoes", async () => {
  const container = await create(
    "trap 'stty size' WINCH; echo ready; while :; do read key && echo [$key]; done",
    {
      stdin: true,
      tty: true,
    },
  );
  const client = new Client();
  const attached = attach(container, client, never);
  await bed.runtime.start(container.id);
  await client.hears("ready\r\n");
  client.resize(117, 43);
  client.stdin.write("key\n");
  await client.hears("43 117\r\n");
  await client.hears("[key]\r\n");
  client.stdin.write("\x03");
  await client.hears("^C");
  signalProcess(container.process, 9);
  await attached;
  client.resize(1, 1);
});

test("a client that stops reading stops the output, keeps nothing waiting, and does not hide the container's end", async () => {
  const container = await create("while :; do echo 0123456789012345678901234567890123456789; done");
  const lazy = new Writable({ write() {} });
  const busy = new Client();
  const attached = [lazy, busy.stdout].map((stdout) => attach(container, { stdout, onResize() {} }, never));
  await bed.runtime.start(container.id);
  const logged = () => statSync(container.logPath).size;
  for (let size = -1; size !== logged(); await sleep(200)) size = logged();
  const [log, heard, kept] = [logged(), busy.said.stdout.length, lazy.writableLength];
  await sleep(100);
  assert.deepEqual([logged(), busy.said.stdout.length, lazy.writableLength], [log, heard, kept]);
  assert.ok(kept <= lazy.writableHighWaterMark + 8_192, String(kept));

  signalProcess(container.process, 9);
  await Promise.all(attached);
  await bed.exits.wait(container.id, never);
  assert.ok(lazy.writableLength > kept && lazy.writableLength <= 2 << 20, String(lazy.writableLength));
});

test("a client that leaves frees the others, and the process goes on", async () => {
  const container = await create("while :; do echo line; done");
  const leaving = new AbortController();
  const lazy = attach(container, { stdout: new Writable({ write() {} }), onResize() {} }, leaving.signal);
  await bed.runtime.start(container.id);
  await sleep(100);
  const busy = new Client();
  const attached = attach(container, busy, never);
  leaving.abort();
  await lazy;
  await busy.hears("line\n");
  signalProcess(container.process, 9);
  await attached;
});

test("sessions cut off at any point leave no descriptor; without a monitor there is no session", async () => {
  const container = await create("while :; do echo line; read word; done", { stdin: true });
  await bed.runtime.start(container.id);
  await attach(container, new Client(), AbortSignal.timeout(50));
  const before = openFiles();
  const sessions = Array.from({ length: 20 }, async (_, index) => {
    const client = new Client();
    client.stdin.write("word\n");
    await sleep(index * 5);
    await attach(container, client, AbortSignal.timeout(index * 3));
  });
  await Promise.all(sessions);
  await attach(container, new Client(), AbortSignal.abort());
  assert.equal(openFiles(), before);

  signalProcess(container.monitor, 9);
  while (isAlive(container.monitor)) await sleep(5);
  await assert.rejects(attach(container, new Client(), never), /no monitor listens at .*attach/);
  assert.equal(openFiles(), before);
});
