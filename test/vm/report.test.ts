import assert from "node:assert/strict";
import { test } from "node:test";
import { report } from "./report.ts";

test("a line for each suite and runtime, and the totals of all at the end", () => {
  const lines = report([
    { suite: "conformance", runtime: "crun", passed: 90, failed: 0, skipped: 1, seconds: 600, error: "" },
    { suite: "e2e", runtime: "runc", passed: 0, failed: 1, skipped: 0, seconds: 7, error: "not ready" },
  ]).split("\n");
  assert.deepEqual(lines, [
    "suite        runtime  passed  failed  skipped  time",
    "conformance  crun     90      0       1        600 s",
    "e2e          runc     0       1       0        7 s    not ready",
    "",
    "90 passed, 1 failed, 1 skipped",
  ]);
});

test("no results are a report too", () => {
  assert.match(report([]), /\n0 passed, 0 failed, 0 skipped$/);
});
