import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { spec } from "./spec.ts";

const PREFIX = "Idempotence: should not return error when";

spec(`${PREFIX} StopPodSandbox is called on a pod that does not exist`, async (cri) => {
  await cri.runtime.StopPodSandbox({ podSandboxId: randomUUID() });
});

spec(`${PREFIX} RemovePodSandbox is called on a pod that does not exist`, async (cri) => {
  await cri.runtime.RemovePodSandbox({ podSandboxId: randomUUID() });
});

spec(`${PREFIX} StopContainer is called on a container that does not exist`, async (cri) => {
  await cri.runtime.StopContainer({ containerId: randomUUID(), timeout: 0 });
});

spec(`${PREFIX} RemoveContainer is called on a container that does not exist`, async (cri) => {
  await cri.runtime.RemoveContainer({ containerId: randomUUID() });
});

spec(`${PREFIX} a pod is stopped twice`, async (cri) => {
  const { id: podSandboxId } = await cri.runPod();
  for (let times = 0; times < 2; times++) {
    await cri.runtime.StopPodSandbox({ podSandboxId });
    assert.equal((await cri.podStatus(podSandboxId)).state, "SANDBOX_NOTREADY");
  }
});

spec(`${PREFIX} a pod is removed twice`, async (cri) => {
  const { id: podSandboxId } = await cri.runPod();
  await cri.removePod(podSandboxId);
  await cri.runtime.RemovePodSandbox({ podSandboxId });
});

spec(`${PREFIX} a container is stopped twice`, async (cri) => {
  const containerId = await cri.runContainer(await cri.runPod());
  for (let times = 0; times < 2; times++) {
    await cri.runtime.StopContainer({ containerId, timeout: 10 });
    assert.equal((await cri.containerStatus(containerId)).state, "CONTAINER_EXITED");
  }
});

spec(`${PREFIX} a container is removed twice`, async (cri) => {
  const containerId = await cri.runContainer(await cri.runPod());
  await cri.runtime.StopContainer({ containerId, timeout: 10 });
  await cri.runtime.RemoveContainer({ containerId });
  await cri.runtime.RemoveContainer({ containerId });
});

spec(`${PREFIX} an image that does not exist is removed twice`, async (cri) => {
  const image = { image: "0".repeat(64) };
  await cri.image.RemoveImage({ image });
  await cri.image.RemoveImage({ image });
});
