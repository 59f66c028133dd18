/** How many threads a cgroup has, and may have. */
import { readFigure } from "./files.ts";
import type { Cgroups } from "./hierarchy.ts";
import { cgroupFolder } from "./paths.ts";

export interface TaskCounts {
  /** Those of the cgroups below included. */
  threads: number;
  /** The cgroup's own limit; undefined where it has none. */
  threadsMax: number | undefined;
}

/** Undefined when the cgroup is gone, or where the kernel does not count. */
export function readTaskCounts(cgroups: Cgroups, path: string): TaskCounts | undefined {
  const folder = cgroupFolder(cgroups, "pids", path);
  const current = folder && readFigure(folder, "pids.current");
  if (!current) return undefined;
  const max = readFigure(folder, "pids.max")?.trim();
  return {
    threads: Number(current),
    threadsMax: max === undefined || max === "max" ? undefined : Number(max),
  };
}
