import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LatencyWindow } from "./latency-window.ts";

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual / expected - 1) < 0.023, `${actual} is not near ${expected}`);

describe("a latency window", () => {
  it("tells quantiles to 2 %, from microseconds to hours", () => {
    for (const unit of [1e-5, 1e-3, 1, 10]) {
      const window = new LatencyWindow(() => 0);
      for (let value = 1; value <= 1000; value++) window.observe(value * unit);
      const [p50, p90, p99, max] = window.quantiles([0.5, 0.9, 0.99, 1]);
      near(p50!, 500 * unit);
      near(p90!, 900 * unit);
      near(p99!, 990 * unit);
      near(max!, 1000 * unit);
    }
  });

  it("takes what is shorter and longer than that as its bounds", () => {
    const window = new LatencyWindow(() => 0);
    window.observe(0);
    near(window.quantiles([1])[0]!, 1.02e-6);
    window.observe(1e9);
    near(window.quantiles([1])[0]!, 33_600);
  });

  it("forgets what is ten minutes old", () => {
    let now = 5;
    const window = new LatencyWindow(() => now);
    assert.deepEqual(window.quantiles([0.5]), [Number.NaN]);
    window.observe(1);
    now += 5 * 60_000;
    window.observe(100);
    near(window.quantiles([0.5])[0]!, 1);
    now += 5 * 60_000;
    near(window.quantiles([0.5])[0]!, 100);
    now += 5 * 60_000;
    assert.deepEqual(window.quantiles([0.5]), [Number.NaN]);
    window.observe(3);
    now += 1e9;
    assert.deepEqual(window.quantiles([0.5]), [Number.NaN]);
  });
});
