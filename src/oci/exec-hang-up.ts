/** Ends an exec whose client is gone, as a terminal's end does: by SIGHUP, and by force what does not heed it. */
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecCgroup } from "./exec-cgroup.ts";
import type { ExecProcess } from "./exec-process.ts";

/** How long a command may take to end once its client is gone, and before that the runtime to begin it. */
const HANG_UP_MS = 5_000;
/** How often its processes are looked for: one that ignores the hang-up may start others for ever. */
const LOOKS = 20;

/**
 * Resolves when the command has ended (`ended` settles), or everything of the exec is killed. A command that ends in time may leave
 * programs that ignore the hang-up, as at a login.
 */
export async function hangUp(execProcess: ExecProcess, ended: Promise<unknown>): Promise<void> {
  // On a busy machine the command has begun, and spoken, while the runtime is yet about to end.
  await Promise.race([execProcess.settled(), sleep(HANG_UP_MS, undefined, { ref: false })]);
  if (execProcess.started) {
    hangUpAll(execProcess.cgroup);
    const heeded = ended.then(() => true);
    if (await Promise.race([heeded, sleep(HANG_UP_MS, false, { ref: false })])) return;
  }
  await execProcess.kill();
}

/** Looks again until nobody is new: a shell starts programs between the look and its signal, but none after that. */
function hangUpAll(cgroup: ExecCgroup): void {
  const told = new Set<number>();
  for (let look = 0; look < LOOKS; look++) {
    const untold = cgroup.processes.filter((pid) => !told.has(pid));
    if (untold.length === 0) return;
    for (const pid of untold) {
      sendHangUp(pid);
      told.add(pid);
    }
  }
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
