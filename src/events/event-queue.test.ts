import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { EventQueue } from "./event-queue.ts";

const bounds = { count: 3, bytes: 100 };

test("events come out as they went in, and the reader waits for the next", async () => {
  const queue = new EventQueue();
  queue.push(Buffer.from("1"));
  queue.push(Buffer.from("2"));
  const reader = queue[Symbol.asyncIterator]();
  assert.equal(String((await reader.next()).value), "1");
  assert.equal(String((await reader.next()).value), "2");
  const next = reader.next();
  queue.push(Buffer.from("3"));
  assert.equal(String((await next).value), "3");
});

test("past the bounds the reader is told to begin anew, and what waited is forgotten", async () => {
  const tooMany = new EventQueue(bounds);
  for (let i = 0; i < 4; i++) tooMany.push(Buffer.alloc(1));
  const tooLarge = new EventQueue(bounds);
  for (let i = 0; i < 2; i++) tooLarge.push(Buffer.alloc(60));
  for (const queue of [tooMany, tooLarge]) {
    assert.ok(queue.failed);
    queue.push(Buffer.alloc(1));
    await assert.rejects(queue[Symbol.asyncIterator]().next(), {
      code: status.RESOURCE_EXHAUSTED,
      message: /not read as fast as they come: \d \(\d+ bytes\) wait/,
    });
  }
});

test("what has been read counts no more, and a single event may be of any size", async () => {
  const queue = new EventQueue(bounds);
  const reader = queue[Symbol.asyncIterator]();
  for (let i = 0; i < 10; i++) {
    queue.push(Buffer.alloc(1000, i));
    assert.equal((await reader.next()).value?.at(0), i);
  }
});

test("a reader that waits learns of the end", async () => {
  const queue = new EventQueue();
  const next = queue[Symbol.asyncIterator]().next();
  queue.fail(new Error("over"));
  await assert.rejects(next, /over/);
});
