/** StartContainer: lets a created container's process begin. */
import { nowAfter } from "../clock.ts";
import { failedPrecondition, messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { type ContainerContext, presentHandler } from "./context.ts";
import { killProcess } from "./kill.ts";
import { type ContainerRecord, containerState } from "./record.ts";
import type { Runtime } from "./runtime.ts";
import { notStartable } from "./runtime-refusal.ts";
import { noteOomKills } from "./unseen-oom.ts";

/** Starts a created container. FAILED_PRECONDITION in any other state; a runtime's refusal ends the container. */
export function startContainer(context: ContainerContext, record: ContainerRecord): Promise<void> {
  return context.locks.run(record.id, async () => {
    if (record.phase !== "created") {
      throw failedPrecondition(
        `container ${record.id} is in state ${containerState(record.phase)}, only a created one can be started`,
      );
    }
    const { runtime } = presentHandler(context, record.runtime);
    // Taken before: a short process ends sooner than the runtime's command.
    const startedAt = nowAfter([record.createdAt]);
    noteOomKills(runtime, record);
    try {
      await context.starting.run(record.id, (stopped) => runtime.start(record.id, stopped));
    } catch (error) {
      // The kubelet reads the cause from the status, as of any container that ended.
      context.store.settle(record, { reason: "StartError", message: messageOf(error) });
      await end(record, runtime);
      throw notStartable(error);
    }
    context.store.settle(record, { phase: "running", startedAt });
  });
}

/** Of its end the monitor tells. What a runtime that is broken does not delete now, it may when the container is removed. */
async function end(record: ContainerRecord, runtime: Runtime): Promise<void> {
  if (record.process) killProcess(record.process);
  try {
    await runtime.delete(record.id, { force: true });
  } catch (error) {
    log.warn("runtime cannot delete a container that it did not start", {
      container_id: record.id,
      error: messageOf(error),
    });
  }
}
