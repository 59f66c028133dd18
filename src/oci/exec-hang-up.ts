/** Ends an exec whose client is gone, as a terminal's end does: by SIGHUP, and by force what does not heed it. */
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChildProcess } from "../linux/child-process.ts";
import { ProcessWatcher } from "../linux/process-watcher.ts";
import type { ExecProcess, RuntimeEnd } from "./exec-process.ts";

/** How long a command may take to end once its client is gone. */
const HANG_UP_MS = 5_000;
/** How long the runtime may take to end after its processes. */
const REAP_MS = 500;

/**
 * Resolves when the command has ended (`ended`), or everything of the exec is killed. A command that ends in time may leave
 * programs that ignore the hang-up, as at a login. The runtime itself may still be there.
 */
export async function hangUp(
  execProcess: ExecProcess,
  runtime: ChildProcess,
  ended: Promise<RuntimeEnd>,
): Promise<void> {
  const { processes } = execProcess.cgroup;
  for (const pid of processes) sendHangUp(pid);
  // Before there is a process the runtime is told, which ends, or passes it on to the process that is to come.
  if (processes.length === 0) runtime.kill("SIGHUP");
  const watcher = new ProcessWatcher();
  // runc waits for ever for the terminal of a process that was ended before it began.
  const allGone = Promise.all(processes.map((pid) => watcher.watch(pid))).then(patience(REAP_MS));
  const end = await Promise.race([ended, patience(HANG_UP_MS)(), allGone]);
  watcher.close();
  // A runtime that was ended by the signal may have begun a process.
  if (end && end.exitSignal === null) return;
  await execProcess.kill();
  await Promise.race([ended, patience(REAP_MS)()]);
}

function patience(ms: number): () => Promise<undefined> {
  return () => sleep(ms, undefined, { ref: false });
}

function sendHangUp(pid: number): void {
  try {
    process.kill(pid, constants.signals.SIGHUP);
    // One that is stopped would not notice.
    process.kill(pid, constants.signals.SIGCONT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
