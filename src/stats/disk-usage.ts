/** What a folder takes on disk. */
import { closeSync, constants, lstatSync, openSync, readdirSync, type Stats } from "node:fs";

export interface DiskUsage {
  bytes: number;
  inodes: number;
}

const slash = Buffer.from("/");
/** The kernel takes 4,095 bytes; a name may have 255. */
const longestPath = 3800;

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
  /** Whether what there is may be too much. */
  const count = (stats: Stats) => {
    if (stats.dev !== root.dev) return false;
    if (!stats.isDirectory() && stats.nlink > 1) {
      if (linked.has(stats.ino)) return false;
      linked.add(stats.ino);
    }
    usage.bytes += stats.blocks * 512;
    usage.inodes += 1;
    return isTooMuch(usage, stats);
  };
  /** False when that is too much. */
  const walk = (start: Buffer): boolean => {
    // Names are bytes: what is not UTF-8 would not be found again as a string.
    const waiting = [start];
    for (let path = waiting.pop(); path; path = waiting.pop()) {
      if (path.length > longestPath) {
        if (!walkFromDescriptor(path, walk)) return false;
        continue;
      }
      for (const name of namesIn(path)) {
        const child = Buffer.concat([path, slash, name]);
        const stats = lstatSync(child, { throwIfNoEntry: false });
        if (!stats) continue;
        if (count(stats)) return false;
        if (stats.isDirectory() && stats.dev === root.dev) waiting.push(child);
      }
    }
    return true;
  };
  return !count(root) && walk(Buffer.from(folder)) ? usage : undefined;
}

/** A container can make trees that are deeper than a path may be long, and must not hide in them what it takes. */
function walkFromDescriptor(path: Buffer, walk: (start: Buffer) => boolean): boolean {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  let descriptor: number;
  try {
    descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (hasVanished(error)) return true;
    throw error;
  }
  try {
    return walk(Buffer.from(`/proc/self/fd/${descriptor}`));
  } finally {
    closeSync(descriptor);
  }
}

function namesIn(folder: Buffer): Buffer[] {
  try {
    return readdirSync(folder, { encoding: "buffer" });
  } catch (error) {
    if (hasVanished(error)) return [];
    throw error;
  }
}

/** Also where something else has its name by now. */
function hasVanished(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? "");
}
