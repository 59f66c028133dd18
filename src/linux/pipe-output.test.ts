import assert from "node:assert/strict";
import { closeSync, readdirSync, writeSync } from "node:fs";
import { Writable } from "node:stream";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openPipe } from "./pipe.ts";
import { PipeOutput } from "./pipe-output.ts";

function sink(): { target: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const target = new Writable({
    write(chunk, _encoding, done) {
      // It is overwritten afterwards.
      chunks.push(Buffer.from(chunk));
      setImmediate(done);
    },
  });
  return { target, text: () => Buffer.concat(chunks).toString() };
}

const openFiles = () => readdirSync("/proc/self/fd").length;

test("all that is written arrives, and the end of the last writer is the end", async () => {
  const before = openFiles();
  const { reading, writing } = openPipe(0);
  const { target, text } = sink();
  const output = new PipeOutput(reading, target);
  const lines = Array.from({ length: 50 }, (_, number) => `${number} ${"x".repeat(number * 100)}\n`);
  for (const line of lines) {
    writeSync(writing, line);
    await sleep(0);
  }
  closeSync(writing);
  await output.ended;
  assert.equal(text(), lines.join(""));
  assert.equal(openFiles(), before);
});

test("silence counts as the end only when asked, and not while the reader is slow", async () => {
  const { reading, writing } = openPipe(0);
  let text = "";
  const target = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      setTimeout(done, 100);
    },
  });
  const output = new PipeOutput(reading, target);
  writeSync(writing, "one");
  while (text === "") await sleep(1);
  writeSync(writing, "two");
  output.endWhenQuiet(40);
  await output.ended;
  assert.equal(text, "onetwo");
  closeSync(writing);
});

test("a reader that fails is given no more, and the writer goes on", async () => {
  const { reading, writing } = openPipe(0);
  const target = new Writable({
    write(_chunk, _encoding, done) {
      done(new Error("gone"));
    },
  });
  target.on("error", () => {});
  const output = new PipeOutput(reading, target);
  for (let count = 0; count < 40; count++) {
    writeSync(writing, Buffer.alloc(65_536));
    await sleep(2);
  }
  closeSync(writing);
  await output.ended;
});

test("after a time in which the event loop was busy, what is in the pipe goes before the silence", async () => {
  const { reading, writing } = openPipe(0);
  const { target, text } = sink();
  const output = new PipeOutput(reading, target);
  output.endWhenQuiet(50);
  writeSync(writing, "words");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  await output.ended;
  closeSync(writing);
  assert.equal(text(), "words");
});
