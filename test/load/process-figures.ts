/** What a process holds of the machine, by kind: the figures that must not grow. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Descriptors by what they are of (`socket`, `anon_inode:[pidfd]`, a folder), and threads, children, watches. */
export type Counts = Record<string, number>;

/** Counts what process `pid` has open and running. */
export function countsOf(pid: number): Counts {
  const counts: Counts = {
    threads: readdirSync(`/proc/${pid}/task`).length,
    children: children(pid).length,
    "inotify watches": 0,
  };
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const target = read(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
    if (target === undefined) continue;
    const kind = `fd ${kindOf(target)}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (target.includes("inotify")) counts["inotify watches"]! += watches(pid, fd);
  }
  return counts;
}

/** One line a figure that has grown. */
export function grownCounts(before: Counts, after: Counts): string[] {
  return Object.entries(after)
    .filter(([name, count]) => count > (before[name] ?? 0))
    .map(([name, count]) => `${name}: ${before[name] ?? 0} before, ${count} after`);
}

/** Numbers and ids would make each a kind of its own. */
function kindOf(target: string): string {
  return target
    .replace(/[0-9a-f]{64}/g, "ID")
    .replace(/:\[\d+\]$/, "")
    .replace(/\d+/g, "N");
}

function watches(pid: number, fd: string): number {
  const info = read(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, "latin1")) ?? "";
  return info.split("\n").filter((line) => line.startsWith("inotify ")).length;
}

function children(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    const list = read(() => readFileSync(`/proc/${pid}/task/${task}/children`, "latin1")) ?? "";
    return list.split(" ").filter(Boolean);
  });
}

/** Undefined where a descriptor or a thread is gone by now. */
function read(file: () => string): string | undefined {
  try {
    return file();
  } catch {
    return undefined;
  }
}
