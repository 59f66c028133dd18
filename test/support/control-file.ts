/** Control files of containers' and pods' cgroups, by the name that each version of cgroups has for them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cgroupFolders } from "./cgroups.ts";

/** What the first hierarchy that has the file says, without the last newline. Throws where none has it. */
export function controlFile(cgroup: string, v1: string, v2: string): string {
  for (const folder of cgroupFolders(cgroup)) {
    for (const name of [v1, v2]) {
      try {
        return readFileSync(join(folder, name), "utf8").trim();
      } catch {
        // The file is another controller's or version's.
      }
    }
  }
  throw new Error(`cgroup ${cgroup} has neither ${v1} nor ${v2}`);
}

export const memoryLimit = (cgroup: string) => controlFile(cgroup, "memory.limit_in_bytes", "memory.max");

/** Memory and swap together, in v1; swap alone in v2. */
export const swapLimit = (cgroup: string) =>
  controlFile(cgroup, "memory.memsw.limit_in_bytes", "memory.swap.max");

/** The quota in µs and the period, as v2 has them: `50000 100000`. */
export function cpuLimit(cgroup: string): string {
  const quota = controlFile(cgroup, "cpu.cfs_quota_us", "cpu.max");
  return quota.includes(" ") ? quota : `${quota} ${controlFile(cgroup, "cpu.cfs_period_us", "cpu.max")}`;
}

export const cpuShares = (cgroup: string) => controlFile(cgroup, "cpu.shares", "cpu.weight");
