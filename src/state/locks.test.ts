import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import { Interruptible, Joined, KeyedLock } from "./locks.ts";

test("work of one key runs in turn, that of another beside it", async () => {
  const lock = new KeyedLock();
  const events: string[] = [];
  const work = (name: string, turns: number) => async () => {
    events.push(`${name} begins`);
    for (let i = 0; i < turns; i++) await tick();
    events.push(`${name} ends`);
  };
  await Promise.all([
    lock.run("a", work("a1", 5)),
    lock.run("a", work("a2", 1)),
    lock.run("b", work("b", 1)),
  ]);
  assert.deepEqual(events, ["a1 begins", "b begins", "b ends", "a1 ends", "a2 begins", "a2 ends"]);
});

test("failed work frees the lock", async () => {
  const lock = new KeyedLock();
  const failure = lock.run("a", () => Promise.reject(new Error("no")));
  const next = lock.run("a", async () => "yes");
  await assert.rejects(failure, /no/);
  assert.equal(await next, "yes");
});

test("who asks again while the work runs gets its result; later it runs anew", async () => {
  const joined = new Joined<number>();
  let runs = 0;
  const work = async () => {
    await tick();
    return ++runs;
  };
  assert.deepEqual(await Promise.all([joined.run("a", work), joined.run("a", work)]), [1, 1]);
  assert.equal(await joined.run("a", work), 2);
});

test("interrupting ends the work of one key, and none that comes later", async () => {
  const making = new Interruptible();
  const work = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      setTimeout(() => resolve("done"), 20);
    });
  const outcomes = Promise.allSettled([making.run("a", work), making.run("a", work), making.run("b", work)]);
  making.interrupt("a", new Error("enough"));
  assert.equal(await making.run("a", work), "done");
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ["rejected", "rejected", "fulfilled"],
  );
});
