import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type OnTerminal, spawnOnTerminal } from "./open-terminal.test.ts";
import type { Terminal, TerminalSize } from "./terminal.ts";

const openFiles = () => readdirSync("/proc/self/fd").length;

const run = (script: string, size?: TerminalSize): OnTerminal => spawnOnTerminal("sh", ["-c", script], size);

/** Reads up to and with `mark`. */
async function readTo({ stream }: Terminal, mark: string): Promise<string> {
  let said = "";
  while (!said.includes(mark)) {
    const chunk = stream.read();
    if (chunk === null) await once(stream, "readable");
    else said += chunk;
  }
  return said;
}

// What the first child and the first terminal of all leave open for the rest.
const first = run("sleep 0.05");
await text(first.terminal.stream);
if (first.child.exitCode === null) await once(first.child, "close");

test("a terminal is raw, of the size asked for, and its program's output ends with it", async () => {
  const before = openFiles();
  const { terminal, path, child } = run("stty size; stty -a; head -c 5; tty", { width: 117, height: 43 });
  terminal.stream.write("\x03\x04\r\n\x1a");
  const said = await text(terminal.stream);
  assert.match(said, /^43 117\n/);
  for (const setting of ["-echo", "-icanon", "-isig", "-opost", "-icrnl", "-ixon"])
    assert.match(said, new RegExp(`(^| )${setting}\\b`, "m"));
  assert.ok(said.endsWith(`\x03\x04\r\n\x1a${path}\n`), JSON.stringify(said.slice(-40)));
  if (child.exitCode === null) await once(child, "exit");
  assert.equal(openFiles(), before);
  terminal.resize({ width: 1, height: 1 });
  terminal.close();
});

test("it is the controlling terminal of a child that leads a session: a new size comes as SIGWINCH", async () => {
  const { terminal, child } = run("trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.01; done");
  await readTo(terminal, "ready\n");
  terminal.resize({ width: 300, height: 100 });
  assert.equal(await text(terminal.stream), "100 300\n");
  if (child.exitCode === null) await once(child, "exit");
});

test("closing it hangs up: the program is told, and no descriptor is left", async () => {
  const before = openFiles();
  const { terminal, child } = run("echo ready; while :; do sleep 0.01; done");
  await readTo(terminal, "ready\n");
  terminal.close();
  assert.deepEqual(await once(child, "close"), [null, "SIGHUP"]);
  assert.equal(openFiles(), before);
});

test("all output arrives, though its program ends at once, and all input, though its program is slow", async () => {
  const { terminal } = run("seq 1 100000");
  const said = await text(terminal.stream);
  assert.equal(said.length, 588_895);

  const megabyte = Buffer.alloc(1 << 20, "0123456789abcdef");
  const slow = run(`sleep 0.1; head -c ${megabyte.length} | md5sum`);
  slow.terminal.stream.end(megabyte);
  assert.equal(await text(slow.terminal.stream), `${createHash("md5").update(megabyte).digest("hex")}  -\n`);
});

test("a reader that stops, stops the program, and nothing is read that is not wanted", async (t) => {
  const { terminal, child } = run("yes");
  t.after(() => terminal.close());
  await once(terminal.stream, "readable");
  while (terminal.stream.readableLength < terminal.stream.readableHighWaterMark) await sleep(5);
  const kept = terminal.stream.readableLength;
  const turns = performance.nodeTiming.uvMetricsInfo.loopCount;
  await sleep(200);
  const more = performance.nodeTiming.uvMetricsInfo.loopCount - turns;
  assert.equal(terminal.stream.readableLength, kept);
  assert.ok(kept <= 2 * terminal.stream.readableHighWaterMark, String(kept));
  assert.ok(more < 20, `woke up ${more} times for what nobody wants`);
  terminal.close();
  await once(child, "close");
});

test("what is written when the program is gone is dropped, and what it said is still read", async () => {
  const { terminal, child } = run("echo last words");
  await once(child, "exit");
  await new Promise((resolve, reject) => {
    terminal.stream.write("too late", (error) => (error ? reject(error) : resolve(undefined)));
  });
  assert.equal(await text(terminal.stream), "last words\n");
});
