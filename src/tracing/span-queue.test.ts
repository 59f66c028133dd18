import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { redirectLog } from "../log.ts";
import { SpanQueue, type SpanQueueOptions, type SpanSender } from "./span-queue.ts";

const quick: SpanQueueOptions = { capacity: 6, batch: 2, delayMs: 1, maxDelayMs: 2, shutdownMs: 20 };

/** A collector that does as it is told for each batch. */
class FaultySender implements SpanSender {
  readonly arrived: string[] = [];
  readonly tried = Promise.withResolvers<void>();
  answer: () => Promise<void> = async () => {};
  final = false;
  closed = false;

  async send(spans: readonly ReadableSpan[]): Promise<void> {
    this.tried.resolve();
    await this.answer();
    this.arrived.push(...spans.map(({ name }) => name));
  }

  mayRetry(): boolean {
    return !this.final;
  }

  close(): void {
    this.closed = true;
  }
}

function end(queue: SpanQueue, ...names: string[]): void {
  for (const name of names) queue.onEnd({ name } as ReadableSpan);
}

async function empty(queue: SpanQueue): Promise<void> {
  while (queue.length > 0) await sleep(1);
}

function linesOf(t: { after(work: () => void): void }): string[] {
  const lines: string[] = [];
  t.after(redirectLog((line) => lines.push(JSON.parse(line).msg)));
  return lines;
}

const refuse = () => Promise.reject(new Error("nobody there"));

test("spans arrive in order, in batches, without anybody waiting for them", async () => {
  const sender = new FaultySender();
  const queue = new SpanQueue(sender, quick);
  end(queue, "a", "b", "c");
  assert.deepEqual(sender.arrived, []);
  await empty(queue);
  assert.deepEqual(sender.arrived, ["a", "b", "c"]);
});

test("what cannot be sent waits, so much at most, and is told once; the rest comes when the collector is back", async (t) => {
  const lines = linesOf(t);
  const sender = new FaultySender();
  sender.answer = refuse;
  const queue = new SpanQueue(sender, quick);
  end(queue, "a", "b", "c", "d", "e", "f", "g", "h");
  assert.equal(queue.length, 6);
  assert.equal(queue.dropped, 2);
  await sender.tried.promise;
  await sleep(20);
  sender.answer = async () => {};
  await empty(queue);
  assert.deepEqual(sender.arrived, ["a", "b", "c", "d", "e", "f"]);
  assert.equal(queue.dropped, 0);
  assert.deepEqual(lines, [
    "spans are dropped until the collector takes more",
    "traces cannot be exported",
    "traces are exported again",
  ]);
});

test("what the collector refuses for good does not hold up the rest", async (t) => {
  linesOf(t);
  const sender = new FaultySender();
  sender.final = true;
  sender.answer = refuse;
  const queue = new SpanQueue(sender, quick);
  end(queue, "wrong", "too");
  await empty(queue);
  assert.equal(queue.dropped, 2);
  sender.answer = async () => {};
  end(queue, "right");
  await empty(queue);
  assert.deepEqual(sender.arrived, ["right"]);
});

test("the end sends what is left", async () => {
  const sender = new FaultySender();
  const queue = new SpanQueue(sender, { ...quick, delayMs: 60_000, shutdownMs: 10_000, batch: 4 });
  end(queue, "a", "b", "c");
  await queue.shutdown();
  assert.deepEqual(sender.arrived, ["a", "b", "c"]);
  assert.ok(sender.closed);
});

test("the end does not wait for a collector that hangs, and says what is lost", async (t) => {
  const lines = linesOf(t);
  const sender = new FaultySender();
  sender.answer = () => new Promise(() => {});
  const queue = new SpanQueue(sender, quick);
  end(queue, "a", "b", "c");
  await sender.tried.promise;
  await queue.shutdown();
  end(queue, "late");
  assert.equal(queue.length, 0);
  assert.equal(queue.dropped, 3);
  assert.ok(sender.closed);
  assert.ok(lines.includes("spans were lost"));
});
