/** Ends a process together with what it has started. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessIdentity, processIdentity, signalProcess } from "./process.ts";

const SIGKILL = 9;
const STEP_MS = 2;

/**
 * Kills `leader`, its children and the process group that it leads, and waits (at most `patienceMs`) until leader and
 * children are gone. The group has those that it forks at this very moment.
 */
export async function killWithChildren(leader: ProcessIdentity, patienceMs = 1_000): Promise<void> {
  const children = childrenOf(leader.pid);
  if (!signalProcess(leader, SIGKILL)) return;
  killGroup(leader.pid);
  for (const child of children) signalProcess(child, SIGKILL);
  // Their parent is another by now, so nobody tells us.
  for (let waited = 0; waited < patienceMs && [leader, ...children].some(isAlive); waited += STEP_MS) {
    await sleep(STEP_MS);
  }
}

function childrenOf(pid: number): ProcessIdentity[] {
  try {
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter(Boolean);
    return pids
      .map(Number)
      .map(processIdentity)
      .filter((child) => child !== undefined);
  } catch {
    return [];
  }
}

/** SIGKILL to the process group that `pid` leads; one that is gone is fine. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
