/** Removes a cgroup that a runtime left behind, in every hierarchy. */
import { existsSync, rmdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { childCgroups } from "./children.ts";
import type { Cgroups } from "./hierarchy.ts";
import { cgroupFolders } from "./paths.ts";
import { killAll } from "./processes.ts";

/**
 * Kills what still runs in cgroup `path` and removes it with all below it; absent is not an error. Throws
 * when it cannot be removed.
 */
export async function removeCgroup(cgroups: Cgroups, path: string): Promise<void> {
  let folders = cgroupFolders(cgroups, path).filter((folder) => existsSync(folder));
  // It stays busy until its dead processes are reaped, which their parent does in its own time; and one may just have joined it.
  for (const delay of [1, 4, 16, 64, 256, 1024, 0]) {
    if (folders.length === 0) return;
    await killAll(cgroups, path);
    folders = folders.filter((folder) => !removeNow(folder));
    if (folders.length > 0) await sleep(delay);
  }
  if (folders.length > 0) throw new Error(`cgroup ${folders[0]} is still in use`);
}

function removeNow(folder: string): boolean {
  return childCgroups(folder).every(removeNow) && removeIfFree(folder);
}

/** Removes one cgroup's folder. Whether it is gone now: one with processes or children stays. */
export function removeIfFree(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true;
    if (code === "EBUSY" || code === "ENOTEMPTY") return false;
    throw error;
  }
}
