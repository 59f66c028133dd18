import assert from "node:assert/strict";
import { spec } from "./spec.ts";

spec("PodSandbox: runtime should support running PodSandbox", async (cri) => {
  const { id } = await cri.runPod();
  assert.equal((await cri.podStatus(id)).state, "SANDBOX_READY");
  assert.ok(await cri.isListedPod(id));
});

spec("PodSandbox: runtime should support stopping PodSandbox", async (cri) => {
  const { id: podSandboxId } = await cri.runPod();
  await cri.runtime.StopPodSandbox({ podSandboxId });
  assert.equal((await cri.podStatus(podSandboxId)).state, "SANDBOX_NOTREADY");
});

spec("PodSandbox: runtime should support removing PodSandbox", async (cri) => {
  const { id } = await cri.runPod();
  await cri.removePod(id);
  assert.equal(await cri.isListedPod(id), false);
});

spec("PodSandbox: runtime should support preserving PodSandbox attributes", async (cri) => {
  const given = {
    labels: { app: "web", tier: "front" },
    annotations: { "example.org/note": "kept as it is" },
  };
  const { id, config } = await cri.runPod(given);
  const { items } = await cri.runtime.ListPodSandbox({ filter: { id } });
  assert.equal(items.length, 1);
  for (const shown of [await cri.podStatus(id), items[0]!]) {
    assert.deepEqual({ ...shown.metadata }, config.metadata);
    assert.partialDeepStrictEqual({ ...shown.labels }, given.labels);
    assert.partialDeepStrictEqual({ ...shown.annotations }, given.annotations);
  }
});

const sysctls = [
  ["safe", "kernel.shm_rmid_forced", "1"],
  ["unsafe", "fs.mqueue.msg_max", "100"],
] as const;

for (const [kind, name, value] of sysctls) {
  spec(`PodSandbox: should support ${kind} sysctls`, async (cri) => {
    const pod = await cri.runPod({ linux: { sysctls: { [name]: value } } });
    const container = await cri.runContainer(pod);
    const file = `/proc/sys/${name.replaceAll(".", "/")}`;
    assert.equal((await cri.exec(container, "cat", file)).trim(), value);
  });
}
