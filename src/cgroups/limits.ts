/** Writes limits into a cgroup's files: for pods' cgroups that critter has made itself; those of containers are the runtime's. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { readCgroupFile } from "./files.ts";
import type { Cgroups } from "./hierarchy.ts";
import { cgroupFolder, cgroupFolders } from "./paths.ts";

/** LinuxResources of the OCI runtime specification, as far as a pod has them: -1 is no limit, what is absent stays. */
export interface CgroupLimits {
  cpu?: { shares?: number; quota?: number; period?: number; cpus?: string; mems?: string } | undefined;
  /** In bytes; swap counts memory too. */
  memory?: { limit?: number; swap?: number } | undefined;
  hugepageLimits?: readonly { pageSize: string; limit: number }[];
  unified?: Readonly<Record<string, string>>;
}

/** Puts `limits` into cgroup `path`, which exists. Throws what the kernel says of one that it refuses. */
export function writeLimits(cgroups: Cgroups, path: string, limits: CgroupLimits): void {
  if (cgroups.version === "v2") writeUnified(cgroupFolders(cgroups, path)[0] as string, limits);
  else writeV1(cgroups, path, limits);
}

function writeV1(
  cgroups: Cgroups,
  path: string,
  { cpu = {}, memory = {}, hugepageLimits = [] }: CgroupLimits,
): void {
  const write = (controller: string, file: string, value: number | string | undefined) => {
    const folder = cgroupFolder(cgroups, controller, path);
    if (folder !== undefined) writeFile(folder, file, value);
  };
  // What may be refused goes first: the rest then is as it was.
  write("cpuset", "cpuset.cpus", cpu.cpus);
  write("cpuset", "cpuset.mems", cpu.mems);
  const swap = cgroups.limitsSwap ? memory.swap : undefined;
  const steps = [
    () => write("memory", "memory.limit_in_bytes", memory.limit),
    () => write("memory", "memory.memsw.limit_in_bytes", swap),
  ];
  // Never may memory alone exceed both together: who raises starts with both, who lowers with memory.
  const both = readCgroupFile(cgroupFolder(cgroups, "memory", path) ?? "", "memory.memsw.limit_in_bytes");
  if (swap !== undefined && (swap === -1 || swap > Number(both))) steps.reverse();
  for (const step of steps) step();
  write("cpu", "cpu.shares", cpu.shares);
  write("cpu", "cpu.cfs_period_us", cpu.period);
  write("cpu", "cpu.cfs_quota_us", cpu.quota);
  for (const { pageSize, limit } of hugepageLimits)
    write("hugetlb", `hugetlb.${pageSize}.limit_in_bytes`, limit);
}

function writeUnified(
  folder: string,
  { cpu = {}, memory = {}, hugepageLimits = [], unified = {} }: CgroupLimits,
): void {
  const write = (file: string, value: number | string | undefined) => writeFile(folder, file, value);
  write("cpuset.cpus", cpu.cpus);
  write("cpuset.mems", cpu.mems);
  write("memory.max", orMax(memory.limit));
  // A kernel may be told to count no swap; then there is none to limit.
  if (existsSync(join(folder, "memory.swap.max"))) write("memory.swap.max", swapMax(memory));
  write("cpu.weight", cpu.shares === undefined ? undefined : cpuWeight(cpu.shares));
  write("cpu.max", cpuMax(cpu.quota, cpu.period));
  for (const { pageSize, limit } of hugepageLimits) write(`hugetlb.${pageSize}.max`, limit);
  for (const [file, value] of Object.entries(unified)) write(file, value);
}

function writeFile(folder: string, file: string, value: number | string | undefined): void {
  if (value === undefined) return;
  try {
    writeFileSync(join(folder, file), String(value));
  } catch (error) {
    throw new Error(`${file} does not take ${value}: ${messageOf(error)}`, { cause: error });
  }
}

/** v1's shares (2 to 262144, 1024 by default) as v2's weight (1 to 10000), as the runtimes have long converted them. */
export function cpuWeight(shares: number): number {
  const clamped = Math.min(Math.max(shares, 2), 262_144);
  return 1 + Math.floor(((clamped - 2) * 9_999) / 262_142);
}

function cpuMax(quota: number | undefined, period: number | undefined): string | undefined {
  if (quota === undefined && period === undefined) return undefined;
  return `${orMax(quota) ?? "max"} ${period ?? 100_000}`;
}

/** v2 counts swap for itself. */
function swapMax({ limit, swap }: NonNullable<CgroupLimits["memory"]>): number | string | undefined {
  if (swap === undefined || swap === -1 || limit === undefined || limit === -1) return orMax(swap);
  return swap - limit;
}

function orMax(limit: number | undefined): number | string | undefined {
  return limit === -1 ? "max" : limit;
}
