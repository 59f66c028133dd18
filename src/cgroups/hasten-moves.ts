/**
 * Makes the next moves of processes between cgroups quick. The kernel lets the first one wait for a grace period of RCU
 * (9 to 14 ms measured), those soon after it pass at once: so one is made beside the start of the runtime that will need it. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { log } from "../log.ts";
import { machineCgroups } from "./machine.ts";

let underWay = false;

/** Moves this process to the cgroup it is in, off the main thread, unless that is being done. Never throws. */
export function hastenMoves(): void {
  if (underWay) return;
  underWay = true;
  moveNowhere()
    .catch((error) => log.debug("cgroup moves cannot be hastened", { error }))
    .finally(() => {
      underWay = false;
    });
}

async function moveNowhere(): Promise<void> {
  // Any hierarchy will do, they share the lock.
  const { hierarchies } = machineCgroups();
  const hierarchy = hierarchies.find(({ unified }) => unified) ?? hierarchies[0]!;
  const controller = hierarchy.unified ? "" : hierarchy.controllers[0]!;
  // Read anew each time: somebody may have moved the daemon since, and it must stay there.
  const lines = readFileSync("/proc/self/cgroup", "latin1").split("\n");
  const own = lines
    .map((line) => line.split(":"))
    .find(([, names]) => names?.split(",").includes(controller));
  if (own)
    await writeFile(join(hierarchy.mount, own.slice(2).join(":"), "cgroup.procs"), String(process.pid));
}
