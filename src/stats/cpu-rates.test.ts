import assert from "node:assert/strict";
import { test } from "node:test";
import { CpuRates } from "./cpu-rates.ts";

const second = 1_000_000_000n;
const at = (seconds: number) => 1_795_275_529n * second + BigInt(seconds * 1000) * 1_000_000n;

test("the rate is of the time since the reading before, and there is none at first", () => {
  const rates = new CpuRates();
  const pod = {};
  assert.equal(rates.next(pod, "9007199254740993000", at(0)), undefined);
  assert.equal(rates.next(pod, "9007199255740993000", at(2)), 500_000_000);
  assert.equal(rates.next(pod, "9007199258740993000", at(3)), 3_000_000_000);
  assert.equal(rates.next({}, "5", at(3)), undefined, "another's");
});

test("a reading too close to the last answers as that one did, and counts for nothing", () => {
  const rates = new CpuRates();
  const pod = {};
  rates.next(pod, "0", at(0));
  assert.equal(rates.next(pod, "10", at(0.05)), undefined);
  assert.equal(rates.next(pod, "1000000000", at(1)), 1_000_000_000);
  assert.equal(rates.next(pod, "1090000000", at(1.09)), 1_000_000_000);
  assert.equal(rates.next(pod, "1100000000", at(2)), 100_000_000);
});

test("a counter that went back begins anew", () => {
  const rates = new CpuRates();
  const pod = {};
  rates.next(pod, "5000000000", at(0));
  assert.equal(rates.next(pod, "1000000000", at(0.01)), undefined);
  assert.equal(rates.next(pod, "2000000000", at(1.01)), 1_000_000_000);
});
