import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSize } from "./size.ts";

test("sizes as other runtimes' files have them", () => {
  const sizes = {
    "12MiB": 12 * 2 ** 20,
    "500KiB": 500 * 2 ** 10,
    "1.5g": 1.5 * 2 ** 30,
    "4 MB": 2 ** 22,
    "7": 7,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseSize(text), bytes, text);
});

test("what is no size", () => {
  for (const text of ["", "MiB", "-1", "12MiBs", "1e3", "9".repeat(20)])
    assert.equal(parseSize(text), undefined, text);
});
