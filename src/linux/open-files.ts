/** Files that a process has open, by what /proc says. */
import { readdirSync, type Stats, statSync } from "node:fs";

/** Whether process `pid` has the file open that is at `path` now; not whether it had another one there before. */
export function hasOpen(pid: number, path: string): boolean {
  const file = statOf(path);
  if (!file) return false;
  const folder = `/proc/${pid}/fd`;
  return descriptors(folder).some((name) => {
    const open = statOf(`${folder}/${name}`);
    return open?.ino === file.ino && open.dev === file.dev;
  });
}

function descriptors(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // The process has ended.
    return [];
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
