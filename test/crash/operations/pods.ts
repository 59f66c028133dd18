/** RunPodSandbox, StopPodSandbox and RemovePodSandbox under kills. */
import assert from "node:assert/strict";
import type { PodSandboxConfig } from "../../../src/cri/messages.ts";
import type { Init } from "../../../src/cri/proto.ts";
import { containerStatus, podConfigFor, runContainer, runPod, type TestPod } from "../../support/pods.ts";
import type { CrashBed } from "../bed.ts";
import { type AnyOperation, operation } from "./operation.ts";
import { assertServes, server } from "./working.ts";

function portMappings({ hostPort }: CrashBed) {
  return [{ containerPort: 80, hostPort }];
}

export const runPodSandbox: AnyOperation = operation<{ config: Init<PodSandboxConfig> }>({
  name: "RunPodSandbox",
  async prepare(bed) {
    return { config: podConfigFor(bed.daemon, { portMappings: portMappings(bed) }) };
  },
  request: ({ daemon }, { config }) => daemon.client.runtime.RunPodSandbox({ config }),
  async repeat({ daemon }, { config }, way) {
    const { runtime } = daemon.client;
    const { items } = await runtime.ListPodSandbox();
    if (way === "listing" && items.some(({ state }) => state === "SANDBOX_READY")) return;
    await runtime.RunPodSandbox({ config });
  },
  async verify(bed, { config }) {
    const { items } = await bed.daemon.client.runtime.ListPodSandbox();
    assert.deepEqual(
      items.map(({ state, metadata }) => [state, metadata?.attempt]),
      [["SANDBOX_READY", 2]],
    );
    const pod = { id: items[0]!.id, config };
    await assertServes(bed, pod.id, await runContainer(bed.daemon, pod, server));
  },
});

interface PodState {
  pod: TestPod;
  containerId: string;
}

async function servingPod(bed: CrashBed): Promise<PodState> {
  const pod = await runPod(bed.daemon, { portMappings: portMappings(bed) });
  return { pod, containerId: await runContainer(bed.daemon, pod, server) };
}

export const stopPodSandbox: AnyOperation = operation<PodState>({
  name: "StopPodSandbox",
  prepare: servingPod,
  request: ({ daemon }, { pod }) => daemon.client.runtime.StopPodSandbox({ podSandboxId: pod.id }),
  async repeat({ daemon }, { pod }, way) {
    const { runtime } = daemon.client;
    const { status } = await runtime.PodSandboxStatus({ podSandboxId: pod.id });
    // The kubelet stops a pod that is not ready once more, to be sure of its network.
    if (way === "listing") assert.ok(status);
    await runtime.StopPodSandbox({ podSandboxId: pod.id });
  },
  async verify({ daemon }, { pod, containerId }) {
    const { status } = await daemon.client.runtime.PodSandboxStatus({ podSandboxId: pod.id });
    assert.equal(status?.state, "SANDBOX_NOTREADY");
    const container = await containerStatus(daemon, containerId);
    assert.deepEqual([container.state, container.exitCode], ["CONTAINER_EXITED", 137]);
    // Its metadata and its port are free for the next attempt.
    const metadata = { ...pod.config.metadata!, attempt: 3 };
    const next = await daemon.client.runtime.RunPodSandbox({ config: { ...pod.config, metadata } });
    assert.notEqual(next.podSandboxId, pod.id);
  },
});

function removal(name: string, prepare: (bed: CrashBed) => Promise<PodState>): AnyOperation {
  return operation<PodState>({
    name,
    prepare,
    request: ({ daemon }, { pod }) => daemon.client.runtime.RemovePodSandbox({ podSandboxId: pod.id }),
    async repeat({ daemon }, { pod }, way) {
      const { runtime } = daemon.client;
      const { items } = await runtime.ListPodSandbox();
      if (way === "listing" && items.length === 0) return;
      await runtime.StopPodSandbox({ podSandboxId: pod.id });
      await runtime.RemovePodSandbox({ podSandboxId: pod.id });
    },
    async verify({ daemon }, { pod }) {
      const { runtime } = daemon.client;
      assert.deepEqual((await runtime.ListPodSandbox()).items, []);
      assert.deepEqual((await runtime.ListContainers()).containers, []);
      await runtime.RunPodSandbox({ config: pod.config });
    },
  });
}

export const removePodSandbox = removal("RemovePodSandbox", async (bed) => {
  const state = await servingPod(bed);
  await bed.daemon.client.runtime.StopPodSandbox({ podSandboxId: state.pod.id });
  return state;
});

export const removeRunningPodSandbox = removal("RemovePodSandbox of a running one", servingPod);
