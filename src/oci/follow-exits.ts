/** Ends as they happen: by the monitors' exit files, and by the end of a monitor that left none. */
import { constants } from "node:os";
import { nowNanoseconds } from "../clock.ts";
import { messageOf } from "../cri/status-error.ts";
import { type ProcessIdentity, signalProcess, zombieExitCode } from "../linux/process.ts";
import { log } from "../log.ts";
import type { ContainerContext } from "./context.ts";
import { recordExit, recordLostMonitor } from "./exit.ts";
import type { ContainerRecord } from "./record.ts";
import { hasEnded } from "./stop.ts";

/** A monitor writes it milliseconds after the end, and on a busy machine later. */
const EXIT_FILE_MS = 10_000;

/** Records every container's end from now on. */
export function followExits(context: ContainerContext): void {
  context.exits.onExit((id, exit) => {
    const record = context.store.find(id);
    if (record) guard(record, recordExit(context, record, exit));
  });
}

/** Sees to it that a container whose monitor dies, or does not tell of its end, does not count as running for ever. */
export function watchContainer(context: ContainerContext, record: ContainerRecord): void {
  const { process, monitor } = record;
  if (!process || !monitor) return;
  const monitorEnded = context.processes.watch(monitor.pid).then(() => {
    const exit = context.exits.read(record.id);
    return exit ? recordExit(context, record, exit) : recordLostMonitor(context, record, nowNanoseconds());
  });
  guard(record, monitorEnded);
  guard(
    record,
    context.processes.watch(process.pid).then(() => expectExit(context, record, process, monitor)),
  );
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

function guard(record: ContainerRecord, recording: Promise<void>): void {
  recording.catch((error) =>
    log.error("an end cannot be recorded", { container_id: record.id, error: messageOf(error) }),
  );
}
