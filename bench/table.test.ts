import assert from "node:assert/strict";
import { test } from "node:test";
import type { Measurements } from "./figures.ts";
import { renderTable } from "./table.ts";

function measured(createPodMs: number): Measurements {
  return { durations: { CreatePod: [createPodMs * 1e6] }, memory: {} };
}

test("a table shows what was measured, with ratio and target", () => {
  assert.equal(
    renderTable(["critter", "containerd"], [measured(60), measured(150)]),
    `|  | critter | containerd | ratio | target |
| --- | ---: | ---: | ---: | ---: |
| CreatePod (ms) | 60.0 | 150 | 0.40 | ≤ 0.5 met |`,
  );
});

test("a missed target says so", () => {
  assert.match(renderTable(["critter", "containerd"], [measured(100), measured(150)]), /≤ 0\.5 MISSED/);
});

test("a limit is for critter's figure alone", () => {
  const grown = (megabytes: number) => ({
    durations: {},
    memory: { "growth exec in, spdy": [megabytes << 20] },
  });
  assert.match(renderTable(["critter", "containerd"], [grown(20), grown(10)]), /\| 2\.00 \| ≤ 32 met \|/);
  assert.match(renderTable(["critter", "containerd"], [grown(40), grown(50)]), /≤ 32 MISSED/);
});

test("one runtime alone has no ratio", () => {
  assert.match(renderTable(["containerd"], [measured(150)]), /^\| CreatePod \(ms\) \| 150 \|$/m);
});
