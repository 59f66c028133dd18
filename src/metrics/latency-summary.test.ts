import assert from "node:assert/strict";
import { it } from "node:test";
import { LatencySummary } from "./latency-summary.ts";

it("a summary tells sums and counts for ever, quantiles of the last ten minutes", () => {
  let now = 0;
  const summary = new LatencySummary("latency", "How long.", "operation", () => now);
  summary.observe("Version", 0.5);
  summary.observe("Version", 1);
  const told = () =>
    summary.get().values.map(({ metricName = "latency", labels, value }) => [metricName, labels, value]);
  const sums = [
    ["latency_sum", { operation: "Version" }, 1.5],
    ["latency_count", { operation: "Version" }, 2],
  ];
  const quantiles = told().slice(0, 3);
  assert.deepEqual(
    quantiles.map(([name, labels]) => [name, labels]),
    [0.5, 0.9, 0.99].map((quantile) => ["latency", { operation: "Version", quantile }]),
  );
  assert.deepEqual(told().slice(3), sums);
  now += 11 * 60_000;
  assert.deepEqual(told(), sums);
});
