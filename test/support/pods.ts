/** Pods and containers of an end-to-end test on a critter of its own. */
import assert from "node:assert/strict";
import type { ContainerConfig, ContainerStatus, PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { assertAudit } from "./audit.ts";
import { BUSYBOX, containerConfig, podConfig } from "./configs.ts";
import type { Daemon } from "./daemon.ts";
import { eventually } from "./eventually.ts";
import { countResources, type Resources } from "./resources.ts";

export interface TestPod {
  id: string;
  config: Init<PodSandboxConfig>;
}

/** Configuration of a pod with the daemon's own parent cgroup. */
export function podConfigFor(daemon: Daemon, changes: Init<PodSandboxConfig> = {}): Init<PodSandboxConfig> {
  return podConfig(daemon.cgroupParent, changes);
}

export async function runPod(daemon: Daemon, changes: Init<PodSandboxConfig> = {}): Promise<TestPod> {
  const config = podConfigFor(daemon, changes);
  const { podSandboxId } = await daemon.client.runtime.RunPodSandbox({ config });
  return { id: podSandboxId, config };
}

/** Creates and starts a container of busybox, whose image must be there, and answers its id. */
export async function runContainer(
  { client: { runtime } }: Daemon,
  pod: TestPod,
  changes: Init<ContainerConfig> = {},
): Promise<string> {
  const { containerId } = await runtime.CreateContainer({
    podSandboxId: pod.id,
    config: containerConfig(changes),
    sandboxConfig: pod.config,
  });
  await runtime.StartContainer({ containerId });
  return containerId;
}

export async function removePod({ client: { runtime } }: Daemon, podSandboxId: string): Promise<void> {
  await runtime.StopPodSandbox({ podSandboxId });
  await runtime.RemovePodSandbox({ podSandboxId });
}

export async function containerStatus({ client }: Daemon, containerId: string): Promise<ContainerStatus> {
  const { status } = await client.runtime.ContainerStatus({ containerId });
  assert.ok(status);
  return status;
}

/**
 * Counts what the daemon holds when it has nothing: after busybox is pulled and one pod was made and removed, so that
 * what all pods share (the pause image, the bridge, portmap's chains) is counted in.
 */
export async function countWithNothing(daemon: Daemon): Promise<Resources> {
  await daemon.client.image.PullImage({ image: { image: BUSYBOX } });
  const pod = await runPod(daemon, { portMappings: [{ containerPort: 80, hostPort: 21_999 }] });
  const containerId = await runContainer(daemon, pod);
  await daemon.client.runtime.ExecSync({ containerId, cmd: ["true"] });
  await removePod(daemon, pod.id);
  // A writable layer is removed in the background.
  await assertAudit(daemon);
  return countResources(daemon);
}

/** Fails unless the counts become `before` again; monitors take a moment to end. */
export async function assertNothingLeft(daemon: Daemon, before: Resources): Promise<void> {
  const { client } = daemon;
  assert.deepEqual((await client.runtime.ListPodSandbox()).items, []);
  assert.deepEqual((await client.runtime.ListContainers()).containers, []);
  await eventually(async () => assert.deepEqual(await countResources(daemon), before));
}
