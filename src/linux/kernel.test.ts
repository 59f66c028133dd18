import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelIsAtLeast } from "./kernel.ts";

test("versions are compared by number", () => {
  for (const running of ["5.12.0", "5.19.1-generic", "6.1-rc1", "10.0.0"]) {
    assert.equal(kernelIsAtLeast(5, 12, running), true, running);
  }
  for (const running of ["5.4.0-200-generic", "5.11", "4.18.0-553.el8"]) {
    assert.equal(kernelIsAtLeast(5, 12, running), false, running);
  }
});
