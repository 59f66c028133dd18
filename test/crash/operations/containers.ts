/** CreateContainer, StartContainer, StopContainer and RemoveContainer under kills. */
import assert from "node:assert/strict";
import { containerConfig } from "../../support/configs.ts";
import { containerStatus, runContainer, runPod, type TestPod } from "../../support/pods.ts";
import type { CrashBed } from "../bed.ts";
import { type AnyOperation, operation } from "./operation.ts";
import { assertServes, server } from "./working.ts";

interface PodState {
  pod: TestPod;
}

interface ContainerState extends PodState {
  containerId: string;
}

async function create({ daemon }: CrashBed, { pod }: PodState, attempt = 0): Promise<string> {
  const config = containerConfig({ ...server, metadata: { name: "server", attempt } });
  const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
  return (await daemon.client.runtime.CreateContainer(request)).containerId;
}

async function listed({ daemon }: CrashBed) {
  return (await daemon.client.runtime.ListContainers()).containers;
}

export const createContainer: AnyOperation = operation<PodState>({
  name: "CreateContainer",
  prepare: async ({ daemon }) => ({ pod: await runPod(daemon) }),
  request: (bed, state) => create(bed, state),
  async repeat(bed, state, way) {
    const present = await listed(bed);
    if (way === "blind" || present.length === 0) return create(bed, state);
    // A container that was created and not started is none to the kubelet: it makes the next attempt, and removes the old one.
    await create(bed, state, 1);
    for (const { id: containerId } of present)
      await bed.daemon.client.runtime.RemoveContainer({ containerId });
  },
  async verify(bed, { pod }) {
    const containers = await listed(bed);
    assert.deepEqual(
      containers.map(({ state }) => state),
      ["CONTAINER_CREATED"],
    );
    const containerId = containers[0]!.id;
    await bed.daemon.client.runtime.StartContainer({ containerId });
    await assertServes(bed, pod.id, containerId);
  },
});

export const startContainer: AnyOperation = operation<ContainerState>({
  name: "StartContainer",
  async prepare(bed) {
    const state = { pod: await runPod(bed.daemon) };
    return { ...state, containerId: await create(bed, state) };
  },
  request: ({ daemon }, { containerId }) => daemon.client.runtime.StartContainer({ containerId }),
  async repeat({ daemon }, { containerId }) {
    const { state } = await containerStatus(daemon, containerId);
    if (state === "CONTAINER_CREATED") await daemon.client.runtime.StartContainer({ containerId });
  },
  verify: (bed, { pod, containerId }) => assertServes(bed, pod.id, containerId),
});

async function running(bed: CrashBed): Promise<ContainerState> {
  const pod = await runPod(bed.daemon);
  const containerId = await runContainer(bed.daemon, pod, server);
  // Its trap must be set before it is stopped.
  await assertServes(bed, pod.id, containerId);
  return { pod, containerId };
}

export const stopContainer: AnyOperation = operation<ContainerState>({
  name: "StopContainer",
  prepare: running,
  request: ({ daemon }, { containerId }) => daemon.client.runtime.StopContainer({ containerId, timeout: 10 }),
  async repeat({ daemon }, { containerId }, way) {
    const { state } = await containerStatus(daemon, containerId);
    if (way === "listing" && state === "CONTAINER_EXITED") return;
    await daemon.client.runtime.StopContainer({ containerId, timeout: 10 });
  },
  async verify({ daemon }, { containerId }) {
    const { state, exitCode, reason } = await containerStatus(daemon, containerId);
    assert.deepEqual([state, exitCode, reason], ["CONTAINER_EXITED", 3, "Error"]);
  },
});

function removal(name: string, prepare: (bed: CrashBed) => Promise<ContainerState>): AnyOperation {
  return operation<ContainerState>({
    name,
    prepare,
    request: ({ daemon }, { containerId }) => daemon.client.runtime.RemoveContainer({ containerId }),
    async repeat(bed, { containerId }, way) {
      if (way === "listing" && (await listed(bed)).length === 0) return;
      await bed.daemon.client.runtime.RemoveContainer({ containerId });
    },
    async verify(bed, { pod }) {
      assert.deepEqual(await listed(bed), []);
      // The same name is free.
      await assertServes(bed, pod.id, await runContainer(bed.daemon, pod, server));
    },
  });
}

export const removeContainer = removal("RemoveContainer", async (bed) => {
  const state = await running(bed);
  await bed.daemon.client.runtime.StopContainer({ containerId: state.containerId, timeout: 10 });
  return state;
});

export const removeRunningContainer = removal("RemoveContainer of a running one", running);
