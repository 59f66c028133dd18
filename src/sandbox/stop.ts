/** StopPodSandbox: the pod's containers are killed, then its pause container and its network go side by side. */

import { aborted } from "../cri/status-error.ts";
import { unmountAll } from "../linux/mount.ts";
import { removeNamespace } from "../linux/namespaces.ts";
import type { ContainerRecord } from "../oci/record.ts";
import { removeContainer } from "../oci/remove.ts";
import { hasEnded, stopContainer } from "../oci/stop.ts";
import { killTask } from "../oci/task.ts";
import { pinnedNamespaces, type SandboxContext, sandboxFolder } from "./context.ts";
import { sandboxFiles } from "./files.ts";
import { pinNetworkAgain } from "./lost-pin.ts";
import { detachNetwork } from "./network.ts";
import { namespaceModes, type PodSandboxRecord } from "./record.ts";

/** Stops a pod sandbox; one that is stopped already stays so. A failed step is an error, and the next call goes on from there. */
export function stopPodSandbox(context: SandboxContext, record: PodSandboxRecord): Promise<void> {
  interruptMaking(context, record);
  return context.locks.run(record.id, async () => {
    if (!context.store.has(record)) return;
    await stopLocked(context, record);
  });
}

/** Has what is being made in the pod, or the pod itself, given up: a plugin or a registry that hangs must not keep it from ending. */
export function interruptMaking({ making }: SandboxContext, { id }: PodSandboxRecord): void {
  making.interrupt(id, aborted(`pod sandbox ${id} is being stopped`));
}

/** As `stopPodSandbox`, for who holds the pod's lock. */
export async function stopLocked(context: SandboxContext, record: PodSandboxRecord): Promise<void> {
  const running = podContainers(context, record).filter((container) => !hasEnded(container));
  await Promise.all(running.map((container) => end(context, container)));
  await releaseSandbox(context, record);
}

/** Nobody makes a container while the pod's lock is held: one that is `creating` has failed, and could not be taken back then. */
async function end({ containers }: SandboxContext, record: ContainerRecord): Promise<void> {
  if (record.phase === "creating") await removeContainer(containers, record);
  else await stopContainer(containers, record, 0);
}

/** The containers of a pod, whatever their state. */
export function podContainers({ containers }: SandboxContext, { id }: PodSandboxRecord): ContainerRecord[] {
  return [...containers.store].filter(({ podSandboxId }) => podSandboxId === id);
}

/**
 * Ends the pause process and gives back network, namespaces and /dev/shm: each step may have been done before. The runtime's
 * record of the pause container goes with the pod: to delete it beside CNI makes a stop 7 to 10 ms longer on two processors.
 */
export async function releaseSandbox(context: SandboxContext, record: PodSandboxRecord): Promise<void> {
  // From now on its pause process is expected to end.
  if (record.phase === "ready") record.phase = "notready";
  pinNetworkAgain(context, record);
  // The network takes longest, so it goes first.
  const outcomes = await Promise.allSettled([
    detachNetwork(context, record),
    killTask(context.containers, record),
  ]);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  context.store.settle(record, { attached: false });
  releaseFiles(context, record);
}

/** Unpins the pod's namespaces, and unmounts its /dev/shm. */
export function releaseFiles(context: SandboxContext, record: PodSandboxRecord): void {
  for (const path of Object.values(pinnedNamespaces(context, record))) removeNamespace(path);
  const { shm } = sandboxFiles(sandboxFolder(context, record.id), false);
  if (namespaceModes(record.config).ipc !== "NODE") unmountAll(shm);
}
