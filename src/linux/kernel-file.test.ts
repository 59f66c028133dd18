import assert from "node:assert/strict";
import { readFileSync, realpathSync } from "node:fs";
import { test } from "node:test";
import { readKernelFile } from "./kernel-file.ts";

test("the whole text, of short files and of those that come in many pages", () => {
  assert.equal(readKernelFile("/proc/self/comm"), readFileSync("/proc/self/comm", "latin1"));
  assert.equal(readKernelFile("/proc/self/environ"), readFileSync("/proc/self/environ", "latin1"));
  const symbols = readFileSync("/proc/kallsyms", "latin1");
  assert.ok(symbols.length > 100_000);
  assert.equal(readKernelFile("/proc/kallsyms"), symbols);
});

test("undefined of what is not there; what may not be read is an error", () => {
  const gone = 2 ** 22 + 1;
  assert.equal(readKernelFile(`/proc/${gone}/stat`), undefined);
  assert.equal(readKernelFile("/proc/self/nothing"), undefined);
  assert.throws(() => readKernelFile(realpathSync("/proc")), { code: "EISDIR" });
});
