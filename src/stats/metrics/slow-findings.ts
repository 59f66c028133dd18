/** What of a container is found out at intervals, since it takes longer than all the rest: its processes, what they have open, huge pages. */
import type { Cgroups } from "../../cgroups/hierarchy.ts";
import { type HugePageUsage, readHugePages } from "../../cgroups/huge-pages.ts";
import { processesIn } from "../../cgroups/processes.ts";
import { nowNanoseconds } from "../../clock.ts";
import type { PodMetricGroup } from "../../config/pod-metrics.ts";
import type { ContainerRecord } from "../../oci/record.ts";
import type { Slices } from "../../slices.ts";
import { openFilesOf, softLimitsOf } from "../process-details.ts";

export interface ProcessCounts {
  processes: number;
  descriptors: number;
  sockets: number;
  /** Of the first process, -1 for no limit; undefined when it is gone. */
  openFilesLimit: number | undefined;
}

/** Of the groups that are included. */
export interface SlowFindings {
  /** In ns since the epoch. */
  timestamp: string;
  processes: ProcessCounts | undefined;
  hugePages: HugePageUsage[];
}

/** They are good for so long at least, as cAdvisor has it, and for so many times what they took: a server may have 100,000 files open. */
const freshMs = 10_000;
const restFactor = 20;

interface Kept {
  findings: SlowFindings;
  due: number;
}

/** Remembers the findings of a container for as long as its record lives. */
export class SlowFinder {
  readonly #cgroups: Cgroups;
  readonly #included: readonly PodMetricGroup[];
  readonly #kept = new WeakMap<ContainerRecord, Kept>();

  constructor(cgroups: Cgroups, included: readonly PodMetricGroup[]) {
    this.#cgroups = cgroups;
    this.#included = included;
  }

  /** The findings of the container in cgroup `path`; takes its time, in `slices`, when the last ones are too old. */
  async find(path: string, container: ContainerRecord, slices: Slices): Promise<SlowFindings> {
    const kept = this.#kept.get(container);
    if (kept && performance.now() < kept.due) return kept.findings;
    const began = performance.now();
    const findings = {
      timestamp: nowNanoseconds(),
      hugePages: this.#included.includes("hugetlb") ? readHugePages(this.#cgroups, path) : [],
      processes: this.#included.includes("process") ? await this.#count(path, container, slices) : undefined,
    };
    const now = performance.now();
    this.#kept.set(container, { findings, due: now + Math.max(freshMs, (now - began) * restFactor) });
    return findings;
  }

  async #count(path: string, { process }: ContainerRecord, slices: Slices): Promise<ProcessCounts> {
    const pids = processesIn(this.#cgroups, path);
    // Who is not in the cgroup has only the number of the container's first process.
    const limits = process && pids.includes(process.pid) ? softLimitsOf(process.pid) : undefined;
    const open = await openFilesOf(pids, slices);
    return { processes: pids.length, ...open, openFilesLimit: limits?.get("max open files") };
  }
}
