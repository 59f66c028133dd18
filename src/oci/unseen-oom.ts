/** OOM kills that the monitor does not see: systemd removes a scope when its last process ends, and with it the count that conmon reads. */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { keyedNumber, readCgroupFile } from "../cgroups/files.ts";
import { machineCgroups } from "../cgroups/machine.ts";
import { containerCgroup } from "./container-cgroup.ts";
import { type ContainerRecord, OOM_KILLED } from "./record.ts";
import type { Runtime } from "./runtime.ts";

/** What `killsOfTheGone` told of the parent when the container began. */
const before = new WeakMap<ContainerRecord, number>();

/** To be called as a container begins, where its end may have to be told by `wasOomKilled`. */
export function noteOomKills(runtime: Runtime, record: ContainerRecord): void {
  const kills = isTakenAway(runtime) ? killsOfTheGone(parentOf(runtime, record)) : undefined;
  if (kills !== undefined) before.set(record, kills);
}

/**
 * Whether the kernel killed a process of a container that ended, by its parent's count, which outlives it. False where that cannot be
 * told: in cgroup v1, after a restart of the daemon, or when another of `containers` was killed so in the meantime.
 */
export function wasOomKilled(
  runtime: Runtime,
  record: ContainerRecord,
  containers: Iterable<ContainerRecord>,
): boolean {
  const kills = before.get(record);
  if (kills === undefined || othersWereKilled(record, containers)) return false;
  return (killsOfTheGone(parentOf(runtime, record)) ?? kills) > kills;
}

/** How many kills the parent has counted that none of the cgroups in it has. Undefined where the kernel does not count. */
export function killsOfTheGone(parent: string): number | undefined {
  const all = oomKills(parent);
  if (all === undefined) return undefined;
  const children = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return children.reduce((rest, { name }) => rest - (oomKills(join(parent, name)) ?? 0), all);
}

/** In a cgroup and those below. */
function oomKills(folder: string): number | undefined {
  return keyedNumber(readCgroupFile(folder, "memory.events") ?? "", "oom_kill");
}

function isTakenAway({ systemdCgroup }: Runtime): boolean {
  return systemdCgroup && machineCgroups().version === "v2";
}

function parentOf(runtime: Runtime, { id }: ContainerRecord): string {
  return dirname(containerCgroup(runtime, id).folder);
}

function othersWereKilled(record: ContainerRecord, containers: Iterable<ContainerRecord>): boolean {
  for (const other of containers) {
    if (other.reason === OOM_KILLED && BigInt(other.finishedAt) >= BigInt(record.startedAt)) return true;
  }
  return false;
}
