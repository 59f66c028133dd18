/** Processes that have ended and that their parents have not asked after. */
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";

/** As many as are looked at in a millisecond or two; then others have their turn. */
const AT_ONCE = 100;

/** How many zombies the machine has, as far as this PID namespace sees. */
export async function countZombies(): Promise<number> {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  let zombies = 0;
  for (const [index, pid] of pids.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await breathe();
    if (isZombie(pid)) zombies++;
  }
  return zombies;
}

function isZombie(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The command's name stands in parentheses and may hold anything.
    return stat[stat.lastIndexOf(")") + 2] === "Z";
  } catch {
    return false;
  }
}
