/** A test's own parent cgroup, in all hierarchies. */
import { readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";

/** The folders of `parent` ("/name") in the hierarchies that have it: controllers of v1, or the one of v2. */
export function cgroupFolders(parent: string): string[] {
  const hierarchies = subfolders(ROOT).map((name) => join(ROOT, name));
  return [ROOT, ...hierarchies].map((hierarchy) => join(hierarchy, parent)).filter(isFolder);
}

/** How many cgroups there are below `parent`, counted in the hierarchy with the most. */
export function countCgroups(parent: string): number {
  return Math.max(0, ...cgroupFolders(parent).map(countBelow));
}

/** Removes the parent and what is below it; cgroups with processes in them stay. */
export function removeCgroups(parent: string): void {
  for (const folder of cgroupFolders(parent)) removeTree(folder);
}

function countBelow(folder: string): number {
  return subfolders(folder).reduce((count, name) => count + 1 + countBelow(join(folder, name)), 0);
}

function removeTree(folder: string): void {
  for (const name of subfolders(folder)) removeTree(join(folder, name));
  try {
    rmdirSync(folder);
  } catch {
    // EBUSY: somebody's processes are in it.
  }
}

function isFolder(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function subfolders(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
