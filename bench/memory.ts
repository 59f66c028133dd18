/** Memory of processes, as the kernel adds it up in smaps_rollup. All figures are in bytes. */
import { readFileSync, writeFileSync } from "node:fs";
import { processes } from "../test/support/processes.ts";

export interface Memory {
  rss: number;
  /** What it wrote and nobody shares. Pages of its program are not in it: the kernel can drop them. */
  private: number;
  /** Its share of the pages it has in common with others. */
  pss: number;
}

/** A process's memory; undefined when it has ended. */
export function memoryOf(pid: number): Memory | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  } catch {
    return undefined;
  }
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { rss: bytes("Rss"), private: bytes("Private_Dirty"), pss: bytes("Pss") };
}

/** Calls `body` and answers by how much a process grew at most meanwhile: its peak less what it had before. */
export async function growthDuring(pid: number, body: () => Promise<unknown>): Promise<number> {
  // The kernel's "5" makes the peak what there is now.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  const before = readStatus(pid, "VmRSS");
  await body();
  // It may have given some back.
  return Math.max(0, readStatus(pid, "VmHWM") - before);
}

function readStatus(pid: number, name: string): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) * 1024;
}

/** The memory of a daemon and its helper processes together. Monitors are no children of it and do not count. */
export function memoryOfTree(pid: number): Memory {
  const parents = new Map(processes().map((entry) => [entry.pid, parentOf(entry.pid)]));
  const belongs = (candidate: number | undefined): boolean =>
    candidate !== undefined && (candidate === pid || belongs(parents.get(candidate)));
  const total: Memory = { rss: 0, private: 0, pss: 0 };
  for (const candidate of parents.keys()) {
    const memory = belongs(candidate) ? memoryOf(candidate) : undefined;
    if (!memory) continue;
    total.rss += memory.rss;
    total.private += memory.private;
    total.pss += memory.pss;
  }
  return total;
}

function parentOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return Number(fields[1]);
  } catch {
    return undefined;
  }
}
