import assert from "node:assert/strict";
import { spec } from "./spec.ts";

spec("Container OOM: should terminate with exitCode 137 and reason OOMKilled", async (cri) => {
  const pod = await cri.runPod();
  const limit = 15 * 1024 * 1024;
  const { exitCode, reason } = await cri.runToCompletion(pod, {
    command: ["sh", "-c", "dd if=/dev/zero of=/dev/null bs=20M"],
    linux: { resources: { memoryLimitInBytes: limit, memorySwapLimitInBytes: limit } },
  });
  assert.equal(exitCode, 137);
  assert.equal(reason, "OOMKilled");
});
