import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ago, bytes, counted, duration, processorShare, since } from "./units.ts";

describe("amounts for people", () => {
  it("bytes", () => {
    const amounts = [0, 999, 1000, 831_488, 999_499, 999_500, 6_886_147, 99_949_000, 123_456_789, 5e15];
    assert.deepEqual(amounts.map(bytes), [
      "0 B",
      "999 B",
      "1.0 kB",
      "831 kB",
      "999 kB",
      "1.0 MB",
      "6.9 MB",
      "99.9 MB",
      "123 MB",
      "5000 TB",
    ]);
  });

  it("durations, two units at most", () => {
    const seconds = [-1, 0.9, 59, 60, 61, 3600, 3660, 7505, 86_400, 90_061];
    assert.deepEqual(seconds.map(duration), [
      "0 s",
      "0 s",
      "59 s",
      "1 min",
      "1 min 1 s",
      "1 h",
      "1 h 1 min",
      "2 h 5 min",
      "1 d",
      "1 d 1 h",
    ]);
  });

  it("times and shares", () => {
    const time = "2026-11-21T23:55:32.123Z";
    const now = Date.parse(time) + 125_000;
    assert.match(since(time, now), /^2 min 5 s \(2026-11-2[12] \d\d:\d\d:32\)$/);
    assert.equal(ago(time, now), "2 min 5 s ago");
    assert.equal(processorShare(1_377_699), "0.1 %");
    assert.equal(processorShare(2e9), "200.0 %");
    assert.deepEqual([counted(1, "pod"), counted(2, "pod")], ["1 pod", "2 pods"]);
  });
});
