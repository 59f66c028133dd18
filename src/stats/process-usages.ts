/** How many processes pods have. To count them takes longer than all else of a pod, so a count is good for a while. */
import type { Cgroups } from "../cgroups/hierarchy.ts";
import { processesIn } from "../cgroups/processes.ts";
import { nowNanoseconds } from "../clock.ts";
import type { ProcessUsage } from "../cri/messages.ts";

const freshMs = 3000;

interface Count {
  usage: ProcessUsage;
  due: number;
}

/** Remembers the last count of each pod for as long as its record lives. */
export class ProcessUsages {
  readonly #counts = new WeakMap<object, Count>();

  /** The processes in the cgroups `paths` of pod `owner`, three seconds old at most; its timestamp says when they were counted. */
  usageOf(owner: object, cgroups: Cgroups, paths: readonly string[]): ProcessUsage {
    const last = this.#counts.get(owner);
    if (last && performance.now() < last.due) return last.usage;
    const timestamp = nowNanoseconds();
    const processCount = paths.reduce((sum, path) => sum + processesIn(cgroups, path).length, 0);
    const usage = { timestamp, processCount: { value: processCount } };
    this.#counts.set(owner, { usage, due: performance.now() + freshMs });
    return usage;
  }
}
