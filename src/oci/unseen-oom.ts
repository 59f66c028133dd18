/** OOM kills that the monitor does not see: systemd removes a scope when its last process ends, and with it the count that conmon reads. */
import { dirname } from "node:path";
import { childCgroups } from "../cgroups/children.ts";
import { keyedNumber, readCgroupFile } from "../cgroups/files.ts";
import { machineCgroups } from "../cgroups/machine.ts";
import { containerCgroup } from "./container-cgroup.ts";
import { type ContainerRecord, OOM_KILLED } from "./record.ts";
import type { Runtime } from "./runtime.ts";

/** The parent of a container's cgroup, and what `killsOfTheGone` told of it when the container began. */
interface Beginning {
  parent: string;
  kills: number;
}

const beginnings = new WeakMap<ContainerRecord, Beginning>();

/** To be called as a container begins, where its end may have to be told by `wasOomKilled`. */
export function noteOomKills(runtime: Runtime, record: ContainerRecord): void {
  if (!isTakenAway(runtime)) return;
  const parent = dirname(containerCgroup(runtime, record.id).folder);
  const kills = killsOfTheGone(parent);
  if (kills !== undefined) beginnings.set(record, { parent, kills });
}

/**
 * Whether the kernel killed a process of a container that ended, by its parent's count, which outlives it. False where that cannot be
 * told: in cgroup v1, after a restart of the daemon, or when another of `containers` was killed so in the meantime.
 */
export function wasOomKilled(record: ContainerRecord, containers: Iterable<ContainerRecord>): boolean {
  const beginning = beginnings.get(record);
  if (beginning === undefined || othersWereKilled(record, containers)) return false;
  const { parent, kills } = beginning;
  return (killsOfTheGone(parent) ?? kills) > kills;
}

/** How many kills the parent has counted that none of the cgroups in it has. Undefined where the kernel does not count. */
export function killsOfTheGone(parent: string): number | undefined {
  const all = oomKills(parent);
  if (all === undefined) return undefined;
  return childCgroups(parent).reduce((rest, child) => rest - (oomKills(child) ?? 0), all);
}

/** In a cgroup and those below. */
function oomKills(folder: string): number | undefined {
  return keyedNumber(readCgroupFile(folder, "memory.events") ?? "", "oom_kill");
}

function isTakenAway({ systemdCgroup }: Runtime): boolean {
  return systemdCgroup && machineCgroups().version === "v2";
}

function othersWereKilled(record: ContainerRecord, containers: Iterable<ContainerRecord>): boolean {
  for (const other of containers) {
    if (other.reason === OOM_KILLED && BigInt(other.finishedAt) >= BigInt(record.startedAt)) return true;
  }
  return false;
}
