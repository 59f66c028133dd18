import assert from "node:assert/strict";
import { it } from "node:test";
import { Random } from "./random.ts";

it("gives the same for the same seed, and something else for another", () => {
  const draw = (seed: number) => new Random(seed).bytes(32).toString("hex");
  assert.equal(draw(7), draw(7));
  assert.notEqual(draw(7), draw(8));
});

it("reaches all of its range, and nothing outside it", () => {
  const random = new Random(1);
  const seen = new Set(Array.from({ length: 1000 }, () => random.below(10)));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
