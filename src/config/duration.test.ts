import assert from "node:assert/strict";
import { it } from "node:test";
import { parseDuration } from "./duration.ts";

it("reads durations as Go writes them", () => {
  assert.equal(parseDuration("4h0m0s"), 4 * 60 * 60 * 1000);
  assert.equal(parseDuration("1h15m30.918s"), 4_530_918);
  assert.equal(parseDuration("1.5h"), 5_400_000);
  assert.equal(parseDuration(".5s"), 500);
  assert.equal(parseDuration("300ms"), 300);
  assert.equal(parseDuration("1µs"), 1);
  assert.equal(parseDuration("0"), 0);
  assert.equal(parseDuration("0s"), 0);
});

it("takes nothing else for one", () => {
  for (const text of ["", "4", "4 h", "-1s", "h", "1d", "1h30", "4h forever", "."]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});
