import assert from "node:assert/strict";
import { test } from "node:test";
import { GrowingBuffer } from "./growing-buffer.ts";

test("grows, leaves room, and forgets what is cut off", () => {
  const buffer = new GrowingBuffer(2);
  assert.equal(buffer.append(Buffer.from("abc")), 0);
  const room = buffer.leave(2);
  buffer.append(Buffer.from("f".repeat(100)));
  buffer.memory.write("de", room);
  assert.equal(buffer.bytes.toString(), `abcde${"f".repeat(100)}`);
  buffer.cut(4);
  buffer.append(Buffer.from("!"));
  assert.equal(buffer.bytes.toString(), "abcd!");
  assert.equal(buffer.length, 5);
});

test("takes its first bytes where there is no room at all", () => {
  const buffer = new GrowingBuffer(0);
  buffer.append(Buffer.from("a"));
  buffer.append(Buffer.from("b"));
  assert.equal(buffer.bytes.toString(), "ab");
});
