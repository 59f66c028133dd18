import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { together } from "./together.ts";

/** Never done; notes when it is told to stop, and ends a moment later. */
const patient = (ended: unknown[]) => async (signal: AbortSignal) => {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  await new Promise((resolve) => setTimeout(resolve, 5));
  ended.push(signal.reason);
  throw signal.reason;
};

test("all results, in order", async () => {
  const { signal } = new AbortController();
  const later = () => new Promise((resolve) => setTimeout(resolve, 5, "a"));
  assert.deepEqual(await together(signal, [later, async () => "b"]), ["a", "b"]);
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("one failure stops the others, and waits for them", async () => {
  const { signal } = new AbortController();
  const ended: unknown[] = [];
  const failure = new Error("no space");
  const failing = async () => Promise.reject(failure);
  await assert.rejects(together(signal, [patient(ended), failing, patient(ended)]), failure);
  assert.deepEqual(ended, [failure, failure]);
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("a signal stops all with its reason, before or while they run", async () => {
  const reason = new Error("gone");
  const controller = new AbortController();
  const ended: unknown[] = [];
  const running = together(controller.signal, [patient(ended), patient(ended)]);
  controller.abort(reason);
  await assert.rejects(running, reason);
  assert.deepEqual(ended, [reason, reason]);
  const prompt = async (signal: AbortSignal) => signal.throwIfAborted();
  await assert.rejects(together(controller.signal, [prompt]), reason);
});
