/** StartContainer: lets a created container's process begin. */
import { nowNanoseconds } from "../clock.ts";
import { failedPrecondition, messageOf } from "../cri/status-error.ts";
import { type ContainerContext, presentHandler } from "./context.ts";
import { type ContainerRecord, containerState } from "./record.ts";
import { noteOomKills } from "./unseen-oom.ts";
import { notStartable } from "./wrong-program.ts";

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
    const startedAt = nowNanoseconds();
    noteOomKills(runtime, record);
    try {
      await runtime.start(record.id);
    } catch (error) {
      // The kubelet reads the cause from the status, as of any container that ended.
      context.store.settle(record, { reason: "StartError", message: messageOf(error) });
      await runtime.delete(record.id, { force: true });
      throw notStartable(error);
    }
    context.store.settle(record, { phase: "running", startedAt });
  });
}
