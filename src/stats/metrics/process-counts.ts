/** Processes of containers and what they have open, which takes long where that is much, and is good for a while then. */
import type { Cgroups } from "../../cgroups/hierarchy.ts";
import { processesIn } from "../../cgroups/processes.ts";
import { nowNanoseconds } from "../../clock.ts";
import type { ContainerRecord } from "../../oci/record.ts";
import { openFilesOf, softLimitsOf } from "../process-details.ts";
import type { Slices } from "../slices.ts";

export interface ProcessCounts {
  /** When they were counted, in ns since the epoch. */
  timestamp: string;
  processes: number;
  descriptors: number;
  sockets: number;
  /** Of the first process, -1 for no limit; undefined when it is gone. */
  openFilesLimit: number | undefined;
}

/** A count is good for so many times what it took: a server may have 100,000 files open. */
const restFactor = 20;

interface Kept {
  counts: ProcessCounts;
  due: number;
}

/** Remembers the counts of a container for as long as its record lives. */
export class ProcessCounting {
  readonly #kept = new WeakMap<ContainerRecord, Kept>();

  /** The counts of the container in cgroup `path`; takes its time, in `slices`, when the last ones are too old. */
  async of(
    cgroups: Cgroups,
    path: string,
    container: ContainerRecord,
    slices: Slices,
  ): Promise<ProcessCounts> {
    const kept = this.#kept.get(container);
    if (kept && performance.now() < kept.due) return kept.counts;
    const began = performance.now();
    const counts = await count(cgroups, path, container, slices);
    const now = performance.now();
    this.#kept.set(container, { counts, due: now + (now - began) * restFactor });
    return counts;
  }
}

async function count(
  cgroups: Cgroups,
  path: string,
  { process }: ContainerRecord,
  slices: Slices,
): Promise<ProcessCounts> {
  const timestamp = nowNanoseconds();
  const pids = processesIn(cgroups, path);
  // Who is not in the cgroup has only the number of the container's first process.
  const limits = process && pids.includes(process.pid) ? softLimitsOf(process.pid) : undefined;
  const { descriptors, sockets } = await openFilesOf(pids, slices);
  return {
    timestamp,
    processes: pids.length,
    descriptors,
    sockets,
    openFilesLimit: limits?.get("max open files"),
  };
}
