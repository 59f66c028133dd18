/** What a cgroup uses now, read from the kernel's files; one set of figures for v1 and v2. */
import type { PsiStats } from "../cri/messages.ts";
import { keyedValue, readFigure } from "./files.ts";
import type { Cgroups } from "./hierarchy.ts";
import { cgroupFolder } from "./paths.ts";
import { readPressure } from "./pressure.ts";

export interface CpuReading {
  /** Time on all processors since the cgroup was made, decimal: it outgrows a number in days on a large machine. */
  usageNanoseconds: string;
  pressure: PsiStats | undefined;
}

/** Bytes and counts, those of the cgroups below included. */
export interface MemoryReading {
  usageBytes: number;
  /** As the kubelet counts it: what is used, less file cache that the kernel would drop first. */
  workingSetBytes: number;
  rssBytes: number;
  pageFaults: number;
  majorPageFaults: number;
  /** The cgroup's own limit; undefined where it has none. */
  limitBytes: number | undefined;
  /** Undefined where swap is not accounted. */
  swapBytes: number | undefined;
  /** How much may be swapped; undefined where the cgroup limits it not. */
  swapLimitBytes: number | undefined;
  pressure: PsiStats | undefined;
}

export interface CgroupReading {
  cpu: CpuReading | undefined;
  memory: MemoryReading | undefined;
  ioPressure: PsiStats | undefined;
}

/** Of a cgroup that is not there. */
export const noReading: CgroupReading = { cpu: undefined, memory: undefined, ioPressure: undefined };

/** Reads cgroup `path`; parts are undefined where the kernel does not have them, all of them when the cgroup is gone. */
export function readCgroup(cgroups: Cgroups, path: string): CgroupReading {
  const unified = unifiedFolder(cgroups, path);
  return {
    cpu: readCpu(cgroupFolder(cgroups, "cpuacct", path), unified),
    memory: readMemory(cgroups, path, unified),
    ioPressure: readPressure(unified, "io"),
  };
}

/** Hybrid mode has one too: without controllers, but with pressure. */
function unifiedFolder({ hierarchies }: Cgroups, path: string): string | undefined {
  const hierarchy = hierarchies.find(({ unified }) => unified);
  return hierarchy && hierarchy.mount + path;
}

function readCpu(cpuacct: string | undefined, unified: string | undefined): CpuReading | undefined {
  const usageNanoseconds = cpuacct ? cpuacctUsage(cpuacct) : unified && cpuStatUsage(unified);
  if (usageNanoseconds === undefined) return undefined;
  return { usageNanoseconds, pressure: readPressure(unified, "cpu") };
}

function cpuacctUsage(folder: string): string | undefined {
  return readFigure(folder, "cpuacct.usage")?.trim();
}

function cpuStatUsage(folder: string): string | undefined {
  const microseconds = keyedValue(readFigure(folder, "cpu.stat") ?? "", "usage_usec");
  return microseconds && String(BigInt(microseconds) * 1000n);
}

function readMemory(cgroups: Cgroups, path: string, unified: string | undefined): MemoryReading | undefined {
  const folder = cgroupFolder(cgroups, "memory", path);
  if (folder === undefined) return undefined;
  const figures = folder === unified ? memoryOfV2(folder) : memoryOfV1(folder);
  return figures && { ...figures, pressure: readPressure(unified, "memory") };
}

type MemoryFigures = Omit<MemoryReading, "pressure">;

function memoryOfV1(folder: string): MemoryFigures | undefined {
  const stat = readFigure(folder, "memory.stat");
  const usageBytes = readBytes(folder, "memory.usage_in_bytes");
  if (stat === undefined || usageBytes === undefined) return undefined;
  const value = (key: string) => limitOf(keyedValue(stat, key));
  // Two files need not be read where not even a parent has a limit, which is the usual case.
  const limited = value("hierarchical_memory_limit") !== undefined;
  const limitBytes = limited ? readBytes(folder, "memory.limit_in_bytes") : undefined;
  const swapLimited = limitBytes !== undefined && value("hierarchical_memsw_limit") !== undefined;
  const bothBytes = swapLimited ? readBytes(folder, "memory.memsw.limit_in_bytes") : undefined;
  return {
    usageBytes,
    workingSetBytes: Math.max(0, usageBytes - (value("total_inactive_file") ?? 0)),
    rssBytes: value("total_rss") ?? 0,
    pageFaults: value("total_pgfault") ?? 0,
    majorPageFaults: value("total_pgmajfault") ?? 0,
    limitBytes,
    swapBytes: value("total_swap"),
    swapLimitBytes: bothBytes === undefined ? undefined : bothBytes - limitBytes!,
  };
}

function memoryOfV2(folder: string): MemoryFigures | undefined {
  const stat = readFigure(folder, "memory.stat");
  const usageBytes = readBytes(folder, "memory.current");
  if (stat === undefined || usageBytes === undefined) return undefined;
  const value = (key: string) => Number(keyedValue(stat, key) ?? 0);
  return {
    usageBytes,
    workingSetBytes: Math.max(0, usageBytes - value("inactive_file")),
    rssBytes: value("anon"),
    pageFaults: value("pgfault"),
    majorPageFaults: value("pgmajfault"),
    limitBytes: readBytes(folder, "memory.max"),
    swapBytes: readBytes(folder, "memory.swap.current"),
    swapLimitBytes: readBytes(folder, "memory.swap.max"),
  };
}

function readBytes(folder: string, file: string): number | undefined {
  return limitOf(readFigure(folder, file)?.trim());
}

/** "No limit" is `max` in v2 and the largest multiple of a page in v1. */
function limitOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "max") return undefined;
  const bytes = Number(text);
  return bytes > Number.MAX_SAFE_INTEGER ? undefined : bytes;
}
