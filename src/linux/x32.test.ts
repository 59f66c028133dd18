import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { hasX32 } from "./x32.ts";

test("x32 is what the kernel was configured with", (context) => {
  let config: string;
  try {
    config = gunzipSync(readFileSync("/proc/config.gz")).toString();
  } catch {
    return context.skip("the kernel does not tell its configuration");
  }
  if (/^CONFIG_X86_X32_ABI=y$/m.test(config)) return context.skip("it may still be off at boot");
  assert.equal(hasX32(), false);
});
