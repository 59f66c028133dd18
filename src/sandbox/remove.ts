/** RemovePodSandbox: what a pod leaves, its containers, folder, cgroup and record, is taken away. */
import { presentHandler } from "../oci/context.ts";
import { removeContainer } from "../oci/remove.ts";
import { deleteTask } from "../oci/task.ts";
import type { SandboxContext } from "./context.ts";
import { sandboxFolder } from "./context.ts";
import { removeSandboxFolder } from "./files.ts";
import { removePodsLeftCgroups } from "./left-cgroups.ts";
import type { PodSandboxRecord } from "./record.ts";
import { interruptMaking, podContainers, releaseSandbox, stopLocked } from "./stop.ts";

/** Removes a pod sandbox, running or not, with all its containers. A failed step is an error, and the next call goes on from there. */
export function removePodSandbox(context: SandboxContext, record: PodSandboxRecord): Promise<void> {
  interruptMaking(context, record);
  return context.locks.run(record.id, async () => {
    if (!context.store.has(record)) return;
    await stopLocked(context, record);
    if (record.phase !== "failed" && record.phase !== "creating")
      context.store.update(record, { phase: "removing" });
    const containers = podContainers(context, record);
    await Promise.all(containers.map((container) => removeContainer(context.containers, container)));
    await clearAway(context, record);
  });
}

/** Takes back all that was made for a sandbox that will not be: for who holds its lock. */
export async function discardSandbox(context: SandboxContext, record: PodSandboxRecord): Promise<void> {
  await releaseSandbox(context, record);
  await clearAway(context, record);
}

async function clearAway(context: SandboxContext, record: PodSandboxRecord): Promise<void> {
  const { containers } = context;
  // Of a pod whose making failed or was cut off, nobody may know how far its pause container came.
  if (record.process || record.phase === "creating" || record.phase === "failed") {
    await deleteTask(containers, presentHandler(containers, record.runtimeHandler), record);
  }
  removeSandboxFolder(sandboxFolder(context, record.id));
  await removeCgroups(context, record);
  containers.storage.rootfs.releaseReadOnly(record.id);
  context.store.delete(record);
}

/** Pods of which no cgroup is used any more, though their records are still there. */
const leaving = new WeakSet<PodSandboxRecord>();

/** The last pod takes a cgroup away that several share: systemd would end those that are just coming. */
async function removeCgroups(context: SandboxContext, record: PodSandboxRecord): Promise<void> {
  const { store, podCgroups } = context;
  await removePodsLeftCgroups(context, record);
  // Of two that go at once, each would leave it to the other.
  leaving.add(record);
  const others = [...store].filter((other) => !leaving.has(other));
  const used = new Set(others.flatMap(({ cgroups }) => cgroups));
  try {
    await podCgroups.remove(record.cgroups.filter((path) => !used.has(path)));
  } catch (error) {
    leaving.delete(record);
    throw error;
  }
}
