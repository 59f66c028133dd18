import assert from "node:assert/strict";
import { test } from "node:test";
import { inSlices } from "./slices.ts";

test("every item has its turn, in order, and others have theirs in between", async () => {
  const done: number[] = [];
  let turns = 0;
  const others = setInterval(() => turns++, 0);
  await inSlices([1, 2, 3, 4], (item) => {
    for (const began = performance.now(); performance.now() - began < 3; );
    done.push(item);
  });
  clearInterval(others);
  assert.deepEqual(done, [1, 2, 3, 4]);
  assert.ok(turns > 0);
});

test("a failure is the caller's", async () => {
  await assert.rejects(
    inSlices([1], () => {
      throw new Error("no");
    }),
    /no/,
  );
});
