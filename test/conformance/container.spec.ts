import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { outcome } from "../support/cri.ts";
import { type SpecContext, spec } from "./spec.ts";

spec("Container: runtime should support creating container", async (cri) => {
  const id = await cri.createContainer(await cri.runPod());
  assert.ok(await cri.isListedContainer(id));
  assert.equal((await cri.containerStatus(id)).state, "CONTAINER_CREATED");
});

spec("Container: runtime should support starting container", async (cri) => {
  const id = await cri.createContainer(await cri.runPod());
  await cri.startContainer(id);
});

spec("Container: runtime should support stopping container", async (cri) => {
  const id = await cri.runContainer(await cri.runPod());
  await stopWithin(60, cri, id);
  assert.equal((await cri.containerStatus(id)).state, "CONTAINER_EXITED");
});

const removals: Record<string, (cri: SpecContext, id: string) => Promise<unknown>> = {
  created: async () => {},
  running: (cri, id) => cri.startContainer(id),
  stopped: async (cri, id) => {
    await cri.startContainer(id);
    await stopWithin(60, cri, id);
  },
};

for (const [state, bring] of Object.entries(removals)) {
  spec(`Container: runtime should support removing ${state} container`, async (cri) => {
    const containerId = await cri.createContainer(await cri.runPod());
    await bring(cri, containerId);
    await cri.runtime.RemoveContainer({ containerId });
    assert.equal(await cri.isListedContainer(containerId), false);
  });
}

spec("Container: runtime should support execSync", async (cri) => {
  const id = await cri.runContainer(await cri.runPod());
  assert.equal(await cri.exec(id, "echo", "-n", "hello"), "hello");
});

spec("Container: runtime should support execSync with timeout", async (cri) => {
  const containerId = await cri.runContainer(await cri.runPod());
  const slow = cri.runtime.ExecSync({ containerId, cmd: ["sleep", "4321"], timeout: 1 });
  assert.notEqual(await outcome(slow), status[status.OK], "a command that takes too long is an error");
  assert.equal(await cri.exec(containerId, "sh", "-c", "pgrep sleep || true"), "");
});

/** StopContainer must come back before its grace period is over: `top` ends at the first signal. */
async function stopWithin(seconds: number, cri: SpecContext, containerId: string): Promise<void> {
  const began = performance.now();
  await cri.runtime.StopContainer({ containerId, timeout: seconds });
  assert.ok(performance.now() - began < seconds * 1000, `stopped within ${seconds} s`);
}
