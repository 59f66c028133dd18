/** What the memory of a cgroup is made of, and what became of its limit: for metrics, on top of `readCgroup`. */
import { keyedNumber, readFigure } from "./files.ts";
import type { Cgroups } from "./hierarchy.ts";
import { cgroupFolder } from "./paths.ts";

/** Bytes and counts, those of the cgroups below included but where it says otherwise; undefined where the kernel does not tell. */
export interface MemoryDetails {
  cacheBytes: number;
  mappedFileBytes: number;
  /** The kernel's own, for the processes. */
  kernelBytes: number | undefined;
  /** The most that was used at a time. */
  maxUsageBytes: number | undefined;
  /** How often the cgroup came to its limit. */
  failures: number | undefined;
  /** Processes that the kernel killed for want of memory. */
  oomKills: number | undefined;
  /** Of the cgroup without those below; v2 does not tell them apart. */
  ownPageFaults: number;
  ownMajorPageFaults: number;
}

/** Undefined when the cgroup is gone. */
export function readMemoryDetails(cgroups: Cgroups, path: string): MemoryDetails | undefined {
  const folder = cgroupFolder(cgroups, "memory", path);
  const stat = folder && readFigure(folder, "memory.stat");
  if (!stat) return undefined;
  return cgroups.version === "v2" ? detailsOfV2(folder, stat) : detailsOfV1(folder, stat);
}

function detailsOfV1(folder: string, stat: string): MemoryDetails {
  const value = (key: string) => keyedNumber(stat, key) ?? 0;
  return {
    cacheBytes: value("total_cache"),
    mappedFileBytes: value("total_mapped_file"),
    kernelBytes: readNumber(folder, "memory.kmem.usage_in_bytes"),
    maxUsageBytes: readNumber(folder, "memory.max_usage_in_bytes"),
    failures: readNumber(folder, "memory.failcnt"),
    oomKills: keyedNumber(readFigure(folder, "memory.oom_control") ?? "", "oom_kill"),
    ownPageFaults: value("pgfault"),
    ownMajorPageFaults: value("pgmajfault"),
  };
}

function detailsOfV2(folder: string, stat: string): MemoryDetails {
  const value = (key: string) => keyedNumber(stat, key) ?? 0;
  const events = readFigure(folder, "memory.events") ?? "";
  return {
    cacheBytes: value("file"),
    mappedFileBytes: value("file_mapped"),
    kernelBytes: keyedNumber(stat, "kernel"),
    maxUsageBytes: readNumber(folder, "memory.peak"),
    failures: keyedNumber(events, "max"),
    oomKills: keyedNumber(events, "oom_kill"),
    ownPageFaults: value("pgfault"),
    ownMajorPageFaults: value("pgmajfault"),
  };
}

function readNumber(folder: string, file: string): number | undefined {
  const text = readFigure(folder, file);
  return text === undefined ? undefined : Number(text);
}
