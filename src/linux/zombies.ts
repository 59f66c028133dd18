/** Processes that have ended and that their parents have not asked after. */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";

/** As many as are looked at in a millisecond or two; then others have their turn. */
const AT_ONCE = 100;
/** The beginning of /proc/PID/stat: the number, the command's name (64 bytes at most), the state. */
const beginning = Buffer.alloc(128);

/** How many zombies the machine has, as far as this PID namespace sees. Takes some 15 µs a process. */
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
    const file = openSync(`/proc/${pid}/stat`, "r");
    try {
      const stat = beginning.toString("latin1", 0, readSync(file, beginning));
      // The name stands in parentheses and may hold anything; what follows here are numbers.
      return stat[stat.lastIndexOf(")") + 2] === "Z";
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
