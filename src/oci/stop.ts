/** StopContainer: the stop signal, a period of grace, then SIGKILL. */
import { constants } from "node:os";
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";
import { signalProcess } from "../linux/process.ts";
import type { ContainerContext } from "./context.ts";
import type { ContainerRecord } from "./record.ts";
import { signalNumber } from "./signals.ts";

/** A process in an uninterruptible sleep outlives SIGKILL; the call must end all the same. */
const killPatienceMs = 60_000;

/**
 * Stops a container and returns when its end is on record. `graceMs` is the time between the container's stop signal and
 * SIGKILL; 0 kills at once. A second call with a shorter period kills sooner. DEADLINE_EXCEEDED if even SIGKILL does not help.
 * `abort` ends the waiting, with its reason as the error; the container keeps its stop signal.
 */
export async function stopContainer(
  context: ContainerContext,
  record: ContainerRecord,
  graceMs: number,
  abort?: AbortSignal,
): Promise<void> {
  // Whoever knows the id of one that is being made waits for that; what is left half made has nothing to stop.
  if (record.phase === "creating") await context.locks.run(record.id, async () => {});
  if (hasEnded(record) || record.phase === "creating") return;
  const signal =
    record.phase === "running" && graceMs > 0 ? signalNumber(record.stopSignal) : constants.signals.SIGKILL;
  if (await signalAndWait(context, record, signal, graceMs > 0 ? graceMs : killPatienceMs, abort)) return;
  if (await signalAndWait(context, record, constants.signals.SIGKILL, killPatienceMs, abort)) return;
  throw new StatusError(status.DEADLINE_EXCEEDED, `container ${record.id} survives SIGKILL`);
}

export function hasEnded({ phase }: ContainerRecord): boolean {
  return phase === "exited" || phase === "removing";
}

async function signalAndWait(
  context: ContainerContext,
  record: ContainerRecord,
  signal: number,
  timeoutMs: number,
  abort: AbortSignal | undefined,
): Promise<boolean> {
  if (hasEnded(record)) return true;
  const ended = context.endings.wait(record.id, timeoutMs, abort);
  if (record.process) signalProcess(record.process, signal);
  return ended;
}
