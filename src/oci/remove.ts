/** RemoveContainer: the process, then everything that was made for it. */
import { removeBundle } from "./bundle.ts";
import { type ContainerContext, containerFolder, presentHandler } from "./context.ts";
import type { ContainerRecord } from "./record.ts";
import { stopContainer } from "./stop.ts";
import { deleteMonitor, deleteTask, killTask } from "./task.ts";

/** Removes a container, killing it if it runs. Its log stays: that is the kubelet's. A failed step is an error; the next call goes on. */
export async function removeContainer(context: ContainerContext, record: ContainerRecord): Promise<void> {
  await stopContainer(context, record, 0);
  await context.locks.run(record.id, async () => {
    if (!context.store.has(record)) return;
    if (record.phase !== "creating") context.store.update(record, { phase: "removing" });
    await discardContainer(context, record);
  });
}

/** Takes away all that was made for a container, finished or not: for who holds its lock. */
export async function discardContainer(context: ContainerContext, record: ContainerRecord): Promise<void> {
  if (record.process || record.phase === "creating") {
    await killTask(context, record);
    await deleteTask(context, presentHandler(context, record.runtime), record);
  } else {
    // The runtime's part went when the container ended; the monitor's cgroup outlives the monitor.
    await deleteMonitor(context, record);
    context.exits.forget(record.id);
  }
  context.storage.rootfs.removeRootfs(record.id);
  removeBundle(containerFolder(context, record.id));
  context.store.delete(record);
}
