import assert from "node:assert/strict";
import { test } from "node:test";
import { nowAfter, nowNanoseconds } from "./clock.ts";

const milliseconds = () => Number(BigInt(nowNanoseconds()) / 1_000_000n);

test("the time is the wall clock's, in nanoseconds", () => {
  assert.ok(Math.abs(milliseconds() - Date.now()) < 1000);
  assert.match(nowNanoseconds(), /^\d{19}$/);
});

test("it follows a wall clock that is set anew", (t) => {
  const now = Date.now();
  t.mock.method(Date, "now", () => now + 3_600_000);
  assert.ok(Math.abs(milliseconds() - now - 3_600_000) < 1000);
  t.mock.restoreAll();
  assert.ok(Math.abs(milliseconds() - now) < 1000);
});

test("what is ordered by time stays so when the clock is set back", (t) => {
  const before = nowNanoseconds();
  assert.ok(BigInt(nowAfter([])) >= BigInt(before));
  const now = Date.now();
  t.mock.method(Date, "now", () => now - 3_600_000);
  assert.equal(nowAfter([before, "1"]), String(BigInt(before) + 1000n));
  t.mock.restoreAll();
});
