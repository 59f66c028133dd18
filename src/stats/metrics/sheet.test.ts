import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodSandboxMetrics } from "../../cri/messages.ts";
import { decodeSheet, valuesOf } from "./fixtures.test.ts";
import { counter, gauge } from "./metric.ts";
import { MetricSheet } from "./sheet.ts";

const plain = counter("plain_total", "Plain.");
const labelled = gauge("labelled", "Labelled.", "device");
const labelValues = ["id", "image", "namespace", "pod", "container"];
const times = [1795275529000000000, 1795275530000000000];

function fill(sheet: MetricSheet, timestamp: number, write: () => void): PodSandboxMetrics {
  sheet.begin(BigInt(timestamp).toString());
  write();
  sheet.end();
  return decodeSheet(sheet);
}

test("an encoded sheet is the message's", () => {
  const sheet = new MetricSheet("pod-1", labelValues);
  const message = fill(sheet, times[0]!, () => {
    sheet.add(plain, 0);
    sheet.add(labelled, 5, "/dev/vda");
  });
  assert.equal(message.podSandboxId, "pod-1");
  assert.deepEqual(message.metrics, [
    { name: "plain_total", timestamp: times[0], metricType: "COUNTER", labelValues, value: { value: 0 } },
    {
      name: "labelled",
      timestamp: times[0],
      metricType: "GAUGE",
      labelValues: [...labelValues, "/dev/vda"],
      value: { value: 5 },
    },
  ]);
});

test("numbers of every length, up to all 64 bits", () => {
  const sheet = new MetricSheet("id", labelValues);
  const numbers = [0, 1, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 35 + 5, 2 ** 49, 2 ** 53 - 1];
  const message = fill(sheet, 1, () => {
    for (const number of numbers) sheet.add(plain, number);
    sheet.add(plain, 2n ** 64n - 1n);
    sheet.add(plain, 12n);
  });
  assert.deepEqual(
    message.metrics.map(({ value }) => value?.value),
    [...numbers, 2 ** 64, 12],
  );
});

test("numbers and times are written over; what was not added this time is gone", () => {
  const sheet = new MetricSheet("id", labelValues);
  const first = fill(sheet, times[0]!, () => {
    sheet.add(plain, 300);
    sheet.add(labelled, 1, "a");
    sheet.add(labelled, 2, "b");
  });
  assert.deepEqual(valuesOf(first.metrics), { plain_total: 300, "labelled a": 1, "labelled b": 2 });
  const second = fill(sheet, times[1]!, () => {
    sheet.add(plain, 7);
    sheet.asOf(BigInt(times[0]!).toString());
    sheet.add(labelled, 3, "b");
  });
  assert.deepEqual(valuesOf(second.metrics), { plain_total: 7, "labelled b": 3 });
  assert.deepEqual(
    second.metrics.map(({ timestamp }) => timestamp),
    times.toReversed(),
  );
  const empty = fill(sheet, times[1]!, () => sheet.add(plain, undefined));
  assert.deepEqual(empty.metrics, []);
});

test("grows with what is added", () => {
  const sheet = new MetricSheet("id", labelValues);
  const message = fill(sheet, 1, () => {
    for (let device = 0; device < 500; device++) sheet.add(labelled, device, `device-${device}`);
  });
  assert.equal(message.metrics.length, 500);
  assert.equal(valuesOf(message.metrics)["labelled device-499"], 499);
});
