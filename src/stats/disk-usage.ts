/** What a folder takes on disk. */
import { lstatSync, readdirSync, type Stats } from "node:fs";

export interface DiskUsage {
  bytes: number;
  inodes: number;
}

const slash = Buffer.from("/");

/**
 * The blocks and inodes of a folder with all that is in it, on its own filesystem; a file of several names counts once. Synchronous:
 * for a worker. Undefined when the folder is not there; what vanishes meanwhile is not counted.
 */
export function diskUsage(folder: string): DiskUsage | undefined {
  return countIn(folder, () => false);
}

/** More inodes than these are not counted at once. */
export const smallInodes = 256;
/** What a folder with so many names is larger than, whatever its filesystem. */
const smallFolderBytes = 64 * 1024;
const smallMs = 2;

/** As `diskUsage`, for the main thread: undefined too where there is more than can be counted in 2 ms. */
export function smallDiskUsage(folder: string): DiskUsage | undefined {
  const began = performance.now();
  return countIn(
    folder,
    ({ inodes }, stats) =>
      inodes > smallInodes ||
      (stats.isDirectory() && stats.size > smallFolderBytes) ||
      performance.now() - began > smallMs,
  );
}

/** Undefined when `isTooMuch` says so of what is counted, of which `stats` is the last. */
function countIn(
  folder: string,
  isTooMuch: (usage: DiskUsage, stats: Stats) => boolean,
): DiskUsage | undefined {
  const root = lstatSync(folder, { throwIfNoEntry: false });
  if (!root) return undefined;
  const usage = { bytes: 0, inodes: 0 };
  const linked = new Set<number>();
  // Names are bytes: what is not UTF-8 would not be found again as a string.
  const waiting: Buffer[] = [];
  const count = (path: Buffer, stats: Stats) => {
    if (stats.dev !== root.dev) return;
    if (stats.isDirectory()) waiting.push(path);
    else if (stats.nlink > 1) {
      if (linked.has(stats.ino)) return;
      linked.add(stats.ino);
    }
    usage.bytes += stats.blocks * 512;
    usage.inodes += 1;
  };

  count(Buffer.from(folder), root);
  if (isTooMuch(usage, root)) return undefined;
  for (let path = waiting.pop(); path; path = waiting.pop()) {
    for (const name of namesIn(path)) {
      const child = Buffer.concat([path, slash, name]);
      const stats = lstatSync(child, { throwIfNoEntry: false });
      if (!stats) continue;
      count(child, stats);
      if (isTooMuch(usage, stats)) return undefined;
    }
  }
  return usage;
}

function namesIn(folder: Buffer): Buffer[] {
  try {
    return readdirSync(folder, { encoding: "buffer" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
