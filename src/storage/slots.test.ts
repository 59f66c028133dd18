import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { test } from "node:test";
import { feed } from "./feed.ts";
import { Slots } from "./slots.ts";
import { SLOT_BYTES, SLOTS } from "./unpack-messages.ts";

/** Slots whose worker takes what is sent when `drain` is called. */
function withWorker() {
  const sent: { slot: number; length: number }[] = [];
  const taken: Buffer[] = [];
  const slots = new Slots((slot, length) => sent.push({ slot, length }));
  const drain = () => {
    for (const { slot, length } of sent.splice(0)) {
      taken.push(Buffer.from(Buffer.from(slots.memory, slot * SLOT_BYTES, length)));
      slots.release(slot);
    }
  };
  return { slots, drain, taken: () => Buffer.concat(taken) };
}

function pattern(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
}

test("what is written comes out in its order, also what no slot was free for", () => {
  const { slots, drain, taken } = withWorker();
  const bytes = pattern(SLOTS * SLOT_BYTES * 2 + 12_345);
  const chunk = Buffer.from(bytes);
  slots.write(chunk);
  // The giver may use its memory again.
  chunk.fill(0);
  assert.equal(slots.hasRoom, false);
  assert.equal(slots.isBusy, true);
  for (let turn = 0; turn < 3; turn++) drain();
  assert.equal(slots.hasRoom, true);
  slots.flush();
  drain();
  assert.equal(slots.isBusy, false);
  assert.ok(taken().equals(bytes));
});

test("a blob is paused while there is no room, and handed over whole", async () => {
  const { slots, drain, taken } = withWorker();
  const bytes = pattern(SLOTS * SLOT_BYTES * 3 + 777);
  const blob = new PassThrough({ highWaterMark: 1 });
  let progress = 0;
  const fed = feed(blob, slots, new AbortController().signal, (count) => (progress += count));
  for (let at = 0; at < bytes.length; at += 100_000) {
    blob.write(bytes.subarray(at, at + 100_000));
    await new Promise(setImmediate);
    if (blob.isPaused()) drain();
  }
  blob.end();
  const draining = setInterval(drain, 1);
  await fed;
  clearInterval(draining);
  drain();
  assert.equal(progress, bytes.length);
  assert.ok(taken().equals(bytes));
});

test("a blob that fails, ends too soon or is wanted no longer leaves all slots free", async () => {
  const { slots } = withWorker();
  const stop = new AbortController();
  const cases: [Readable, RegExp][] = [
    [Readable.from(failing(), { objectMode: false }), /went dead/],
    [new PassThrough(), /before its end/],
    [new PassThrough(), /enough/],
  ];
  for (const [blob, expected] of cases) {
    const fed = feed(blob, slots, stop.signal, () => {});
    if (expected.source === "enough") stop.abort(new Error("enough"));
    else if (expected.source.startsWith("before")) blob.destroy();
    await assert.rejects(fed, expected);
    assert.ok(blob.destroyed);
    assert.equal(slots.isBusy, false);
  }
});

async function* failing() {
  yield Buffer.alloc(100);
  throw new Error("the line went dead");
}
