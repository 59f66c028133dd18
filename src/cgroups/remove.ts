/** Removes a cgroup that a runtime left behind, in every hierarchy. */
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cgroups } from "./hierarchy.ts";
import { cgroupFolders } from "./paths.ts";
import { killAll } from "./processes.ts";

/**
 * Kills what still runs in cgroup `path` and removes it with all below it; absent is not an error. Throws
 * when it cannot be removed.
 */
export async function removeCgroup(cgroups: Cgroups, path: string): Promise<void> {
  const folders = cgroupFolders(cgroups, path).filter((folder) => existsSync(folder));
  if (folders.length === 0) return;
  await killAll(cgroups, path);
  for (const folder of folders) await removeTree(folder);
}

/** A cgroup stays busy until its dead processes are reaped, which their parent does in its own time. */
async function removeTree(folder: string): Promise<void> {
  for (const delay of [1, 4, 16, 64, 256, 1024]) {
    if (removeNow(folder)) return;
    await sleep(delay);
  }
  if (!removeNow(folder)) throw new Error(`cgroup ${folder} is still in use`);
}

function removeNow(folder: string): boolean {
  return childrenOf(folder).every(removeNow) && removeIfFree(folder);
}

function childrenOf(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
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
