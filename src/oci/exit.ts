/** A container's end: found in its exit file, put on record, and the runtime's leftovers cleared. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { isOfThisBoot } from "../linux/process.ts";
import { log } from "../log.ts";
import { type ContainerContext, presentHandler } from "./context.ts";
import type { ContainerExit } from "./exits.ts";
import { killProcess } from "./kill.ts";
import { type ContainerRecord, OOM_KILLED, UNKNOWN_END } from "./record.ts";
import type { Runtime } from "./runtime.ts";
import { hasEnded } from "./stop.ts";
import { messagePath, terminationMessage } from "./termination-message.ts";
import { wasOomKilled } from "./unseen-oom.ts";

/** 128 + SIGKILL. */
const KILLED = 137;

/** What is recorded of a container whose monitor died with its exit code, as the process was killed. */
function unknownExit({ process }: ContainerRecord): Pick<ContainerRecord, "exitCode" | "reason" | "message"> {
  const isBefore = process !== null && !isOfThisBoot(process);
  const message = isBefore ? "the machine was started anew" : "the container's monitor ended before it did";
  return { exitCode: KILLED, reason: UNKNOWN_END, message };
}

/** Records the end of a container that has an exit file. Called again for the same end it does nothing. */
export function recordExit(
  context: ContainerContext,
  record: ContainerRecord,
  exit: ContainerExit,
): Promise<void> {
  return context.locks.run(record.id, async () => {
    if (hasEnded(record) || record.phase === "creating") return;
    const reason = isOomKilled(context, record, exit) ? OOM_KILLED : record.reason;
    await finish(context, record, { exitCode: exit.exitCode, finishedAt: String(exit.finishedAt), reason });
  });
}

function isOomKilled(context: ContainerContext, record: ContainerRecord, exit: ContainerExit): boolean {
  if (exit.oomKilled || exit.exitCode !== KILLED) return exit.oomKilled;
  return wasOomKilled(record, context.store);
}

/** Ends a container whose monitor is gone without an exit file: nobody can tell how its process fares, so it is killed. */
export function recordLostMonitor(
  context: ContainerContext,
  record: ContainerRecord,
  finishedAt: string,
): Promise<void> {
  return context.locks.run(record.id, async () => {
    if (hasEnded(record) || record.phase === "creating") return;
    log.warn("the monitor of a container is gone", { container_id: record.id });
    // At once, and not by the runtime alone, which may be gone as well.
    if (record.process) killProcess(record.process);
    await finish(context, record, { ...unknownExit(record), finishedAt });
  });
}

async function finish(
  context: ContainerContext,
  record: ContainerRecord,
  end: Partial<ContainerRecord> & { finishedAt: string },
): Promise<void> {
  // The end of most containers, which leave no message, is told before the runtime has cleared up.
  const leavesMessage = !record.message && !end.message && messagePath(record) !== undefined;
  const cleared = leavesMessage && (await clearUp(context, record));
  // Only now is nobody left who could turn the path into a link out of the container.
  const message = cleared && {
    message: terminationMessage(record, context.storage.rootfs.pathOf(record.id)),
  };
  const finishedAt = latest(end.finishedAt, record.startedAt);
  const isSaved = context.store.settle(record, { ...end, ...message, finishedAt, phase: "exited" });
  // Until then the exit file is all that a daemon after this one would know.
  if (isSaved) context.exits.forget(record.id);
  context.endings.announce(record.id);
  log.info("container ended", { container_id: record.id, exit_code: record.exitCode, reason: record.reason });
  if (!leavesMessage) await clearUp(context, record);
}

/** Goes on where a daemon was killed between the record of an end and what comes after it. */
export function finishEnd(context: ContainerContext, record: ContainerRecord): Promise<void> {
  return context.locks.run(record.id, async () => {
    if (record.process) await clearUp(context, record);
  });
}

/** A clock that was set back must not have a container end before it has begun. */
function latest(...times: [string, string]): string {
  return BigInt(times[0]) > BigInt(times[1]) ? times[0] : times[1];
}

/** Has the runtime delete a container that ended. Where it cannot, RemoveContainer tries again, and answers with the error if it stays. */
async function clearUp(context: ContainerContext, record: ContainerRecord): Promise<boolean> {
  try {
    const { runtime } = presentHandler(context, record.runtime);
    if (!isForgotten(runtime, record)) await runtime.delete(record.id, { force: true });
    context.store.settle(record, { process: null, monitor: null });
    return true;
  } catch (error) {
    log.warn("runtime cannot delete an ended container", {
      container_id: record.id,
      error: messageOf(error),
    });
    return false;
  }
}

/** Whether a reboot has taken all that the runtime knew of a container: to ask it for each would keep a node that comes up waiting. */
function isForgotten({ root }: Runtime, { id, process }: ContainerRecord): boolean {
  return process !== null && !isOfThisBoot(process) && !existsSync(join(root, id));
}
