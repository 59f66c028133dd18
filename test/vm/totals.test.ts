import assert from "node:assert/strict";
import { test } from "node:test";
import { Totals } from "./totals.ts";

test("the closing lines of several runs are summed; a cancelled test has failed", () => {
  const totals = new Totals();
  const output = `✔ a spec that talks of ℹ pass 7 (3 ms)
ℹ tests 6
ℹ pass 3
ℹ fail 1
ℹ cancelled 1
ℹ skipped 1
ℹ todo 0
ℹ pass 2
ℹ fail 0`;
  for (const line of output.split("\n")) totals.read(line);
  const { passed, failed, skipped, count } = totals;
  assert.deepEqual({ passed, failed, skipped, count }, { passed: 5, failed: 2, skipped: 1, count: 8 });
});

test("critest's closing line counts as well", () => {
  const totals = new Totals();
  totals.read("117 passed, 2 failed, 3 skipped");
  totals.read("[it] 117 passed, 2 failed, 3 skipped");
  const { passed, failed, skipped } = totals;
  assert.deepEqual({ passed, failed, skipped }, { passed: 117, failed: 2, skipped: 3 });
});
