/** Ends as they happen: by the monitors' exit files, and by the end of a monitor that left none. */
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { nowNanoseconds } from "../clock.ts";
import { messageOf } from "../cri/status-error.ts";
import { type ProcessIdentity, signalProcess, zombieExitCode } from "../linux/process.ts";
import { log } from "../log.ts";
import type { ContainerContext } from "./context.ts";
import { recordExit, recordLostMonitor } from "./exit.ts";
import { EXIT_FILE_MS } from "./exits.ts";
import type { ContainerRecord } from "./record.ts";
import { hasEnded } from "./stop.ts";

const RECORD_AGAIN_MS = 1_000;

/** Records every container's end from now on. */
export function followExits(context: ContainerContext): void {
  context.exits.onExit((id, exit) => {
    const record = context.store.find(id);
    if (record) untilRecorded(context, record, () => recordExit(context, record, exit));
  });
}

/** Sees to it that a container whose monitor dies, or does not tell of its end, does not count as running for ever. */
export function watchContainer(context: ContainerContext, record: ContainerRecord): void {
  const { process, monitor } = record;
  if (!process || !monitor) return;
  const onMonitorEnd = async () => {
    const exit = context.exits.read(record.id);
    await (exit ? recordExit(context, record, exit) : recordLostMonitor(context, record, nowNanoseconds()));
  };
  const watch = (pid: number, onEnd: () => Promise<void>) =>
    context.processes.watch(pid).then(() => untilRecorded(context, record, onEnd));
  void watch(monitor.pid, onMonitorEnd);
  void watch(process.pid, () => expectExit(context, record, process, monitor));
}

/** Waits for the exit file of a container whose process has ended; a monitor that hangs is ended for it. */
async function expectExit(
  context: ContainerContext,
  record: ContainerRecord,
  process: ProcessIdentity,
  monitor: ProcessIdentity,
): Promise<void> {
  const isOver = () => hasEnded(record) || !context.store.has(record);
  if (isOver() || (await context.endings.wait(record.id, EXIT_FILE_MS))) return;
  if (isOver() || context.exits.read(record.id)) return;
  log.warn("the monitor of a container does not tell of its end", { container_id: record.id });
  // As long as the monitor has not reaped it.
  const exitCode = zombieExitCode(process);
  if (exitCode === undefined) await recordLostMonitor(context, record, nowNanoseconds());
  else
    await recordExit(context, record, { exitCode, finishedAt: BigInt(nowNanoseconds()), oomKilled: false });
  signalProcess(monitor, constants.signals.SIGKILL);
}

/** Nobody else tells of the end once more, so what hinders the record, such as a lack of descriptors, is waited for. */
async function untilRecorded(
  context: ContainerContext,
  record: ContainerRecord,
  work: () => Promise<void>,
): Promise<void> {
  while (context.store.has(record)) {
    try {
      return await work();
    } catch (error) {
      log.error("an end cannot be recorded yet", { container_id: record.id, error: messageOf(error) });
    }
    await sleep(RECORD_AGAIN_MS, undefined, { ref: false });
  }
}
