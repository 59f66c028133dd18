/** StopContainer: the stop signal, a period of grace, then SIGKILL. */
import { status } from "@grpc/grpc-js";
import { aborted, StatusError } from "../cri/status-error.ts";
import { isAlive, type ProcessIdentity, signalProcess } from "../linux/process.ts";
import type { ContainerContext } from "./context.ts";
import { killProcess } from "./kill.ts";
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
  // A start that hangs must not keep the end from being recorded.
  context.starting.interrupt(record.id, aborted(`container ${record.id} is being stopped`));
  if (record.phase === "running" && graceMs > 0) {
    const signal = signalNumber(record.stopSignal);
    const terminate = (process: ProcessIdentity) => signalProcess(process, signal);
    if (await signalAndWait(context, record, terminate, graceMs, abort)) return;
  }
  if (await signalAndWait(context, record, killProcess, killPatienceMs, abort)) return;
  const survives = record.process && isAlive(record.process);
  const state = survives ? "survives SIGKILL" : "has ended, but its end cannot be recorded";
  throw new StatusError(status.DEADLINE_EXCEEDED, `container ${record.id} ${state}`);
}

export function hasEnded({ phase }: ContainerRecord): boolean {
  return phase === "exited" || phase === "removing";
}

async function signalAndWait(
  context: ContainerContext,
  record: ContainerRecord,
  send: (process: ProcessIdentity) => boolean,
  timeoutMs: number,
  abort: AbortSignal | undefined,
): Promise<boolean> {
  if (hasEnded(record)) return true;
  const ended = context.endings.wait(record.id, timeoutMs, abort);
  if (record.process) send(record.process);
  return ended;
}
