/** What the kernel says of a cgroup or a process, read without any of critter's own code: the other source of every figure. */
import { readFileSync } from "node:fs";
import { controlFile } from "./control-file.ts";

/** Nanoseconds of processor time that a cgroup has used. */
export function cpuNanoseconds(cgroup: string): number {
  const usage = unlessAbsent(() => controlFile(cgroup, "cpuacct.usage", "cpuacct.usage"));
  if (usage !== undefined) return Number(usage);
  return lineOf(controlFile(cgroup, "cpu.stat", "cpu.stat"), "usage_usec") * 1000;
}

export interface MemoryFigures {
  usage: number;
  /** As cAdvisor counts it: without the file cache that was not used lately. */
  workingSet: number;
  anonymous: number;
  pageFaults: number;
  majorPageFaults: number;
}

export function memoryFigures(cgroup: string): MemoryFigures {
  const usage = Number(controlFile(cgroup, "memory.usage_in_bytes", "memory.current"));
  const stat = controlFile(cgroup, "memory.stat", "memory.stat");
  const v1 = stat.includes("total_rss");
  const value = (key: string) => lineOf(stat, v1 ? `total_${key}` : key);
  return {
    usage,
    workingSet: usage - value("inactive_file"),
    anonymous: value(v1 ? "rss" : "anon"),
    pageFaults: value("pgfault"),
    majorPageFaults: value("pgmajfault"),
  };
}

/** Bytes of a cgroup that are swapped out; undefined where the kernel does not count them. */
export function swappedBytes(cgroup: string): number | undefined {
  const stat = controlFile(cgroup, "memory.stat", "memory.stat");
  if (/^total_swap /m.test(stat)) return lineOf(stat, "total_swap");
  const current = unlessAbsent(() => controlFile(cgroup, "memory.swap.current", "memory.swap.current"));
  return current === undefined ? undefined : Number(current);
}

/** Nanoseconds for which some tasks of a cgroup waited; undefined where the kernel does not count them. */
export function pressureTotal(cgroup: string, resource: "cpu" | "memory" | "io"): number | undefined {
  const name = `${resource}.pressure`;
  const text = unlessAbsent(() => controlFile(cgroup, name, name));
  return text === undefined ? undefined : Number(/^some .*total=(\d+)$/m.exec(text)?.[1]) * 1000;
}

/** Nanoseconds of processor time of a process, those of its children that have ended included; in steps of 10 ms. */
export function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return ticks * 10_000_000;
}

/** Bytes that a process holds of what is nobody's file. */
export function anonymousBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

function lineOf(text: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, "m").exec(text)?.[1]);
}

function unlessAbsent(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
