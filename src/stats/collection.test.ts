import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { ContainerStats } from "../cri/messages.ts";
import type { ContainerRecord } from "../oci/record.ts";
import { CollectedStats, collectEvery, statsPeriod } from "./collection.ts";

/** Counts the collections; the clock stands until it is told to go. */
function collection(t: TestContext, seconds: number, collect = async () => {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const counted = t.mock.fn(collect);
  const end = collectEvery(seconds, counted);
  return {
    end,
    count: () => counted.mock.callCount(),
    async pass(ms: number) {
      t.mock.timers.tick(ms);
      for (let turn = 0; turn < 5; turn++) await setImmediate();
    },
  };
}

test("collected at once, and then so long after each time, until it is ended", async (t) => {
  const { end, count, pass } = collection(t, 5);
  assert.equal(count(), 1);
  await pass(0);
  await pass(4999);
  assert.equal(count(), 1);
  await pass(1);
  assert.equal(count(), 2);
  end();
  await pass(50_000);
  assert.equal(count(), 2);
});

test("ended while it is being collected, and after a failure collected again", async (t) => {
  t.mock.method(process.stderr, "write", () => true);
  const failing = collection(t, 1, () => Promise.reject(new Error("no")));
  await failing.pass(0);
  await failing.pass(1000);
  assert.equal(failing.count(), 2);
  failing.end();
  await failing.pass(10_000);
  assert.equal(failing.count(), 2);
});

test("never with a period of 0, which is the default", async (t) => {
  const { count, pass } = collection(t, 0);
  await pass(10_000);
  assert.equal(count(), 0);
});

test("stats_collection_period goes before collection_period", () => {
  const period = (statsCollectionPeriod: number, collectionPeriod: number) =>
    statsPeriod({ statsCollectionPeriod, collectionPeriod, includedPodMetrics: [] });
  assert.deepEqual([period(0, 0), period(0, 7), period(5, 7), period(5, 0)], [0, 7, 5, 5]);
});

test("what was collected is a running container's only", () => {
  const collected = new CollectedStats();
  const record = { id: "a", phase: "running" } as ContainerRecord;
  const stats = { attributes: { id: "a" } } as ContainerStats;
  assert.equal(collected.container(record), undefined);
  collected.keepContainer(record, stats);
  assert.equal(collected.container(record), stats);
  record.phase = "exited";
  assert.equal(collected.container(record), undefined);
});
