/** Containers after a restart: the half-made are taken back, those that run adopted, ends that were missed recorded. */
import { nowNanoseconds } from "../clock.ts";
import { messageOf } from "../cri/status-error.ts";
import { isAlive } from "../linux/process.ts";
import { log } from "../log.ts";
import type { RecoveryWork } from "../state/recovery-work.ts";
import { type ContainerContext, presentHandler } from "./context.ts";
import { finishEnd, recordExit, recordLostMonitor } from "./exit.ts";
import { watchContainer } from "./follow-exits.ts";
import type { ContainerPhase, ContainerRecord } from "./record.ts";
import { discardContainer } from "./remove.ts";

/** What recovery did, for the log. */
export interface Recovered {
  adopted: number;
  ended: number;
  removed: number;
}

/**
 * Brings every container's record in step with what the machine has, and from then on hears of ends. One that cannot be is
 * logged, and does not stop the others. What takes long of `work` goes on after this.
 */
export async function recoverContainers(context: ContainerContext, work: RecoveryWork): Promise<Recovered> {
  const recovered: Recovered = { adopted: 0, ended: 0, removed: 0 };
  // As the daemon before has left them: ends that it missed are told at once.
  const left = [...context.store].map((record) => ({ record, phase: record.phase }));
  await context.exits.start();
  for (const { record, phase } of left) {
    work.add(async () => {
      try {
        const outcome = await recover(context, record, phase);
        if (outcome) recovered[outcome]++;
      } catch (error) {
        log.error("a container cannot be recovered", { container_id: record.id, error: messageOf(error) });
      }
    });
  }
  await work.settled();
  return recovered;
}

async function recover(
  context: ContainerContext,
  record: ContainerRecord,
  left: ContainerPhase,
): Promise<keyof Recovered | undefined> {
  if (record.phase === "creating" || record.phase === "removing") {
    await context.locks.run(record.id, () => discardContainer(context, record));
    return "removed";
  }
  if (record.phase === "exited") {
    if (left !== "exited") return "ended";
    await finishEnd(context, record);
    return undefined;
  }
  const exit = context.exits.read(record.id);
  if (exit) {
    await recordExit(context, record, exit);
    return "ended";
  }
  if (record.monitor && isAlive(record.monitor)) {
    watchContainer(context, record);
    if (record.phase === "created") await noticeStart(context, record);
    return "adopted";
  }
  await recordLostMonitor(context, record, nowNanoseconds());
  return "ended";
}

/** The daemon may have been killed while the runtime started the container: to start it once more would end it. */
async function noticeStart(context: ContainerContext, record: ContainerRecord): Promise<void> {
  const state = await presentHandler(context, record.runtime).runtime.state(record.id);
  if (state?.status !== "running") return;
  context.store.update(record, { phase: "running", startedAt: nowNanoseconds() });
}
