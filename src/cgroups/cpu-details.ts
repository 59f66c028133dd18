/** Where the processor time of a cgroup went, and how often it was made to wait: for metrics, on top of `readCgroup`. */
import { keyedNumber, readFigure } from "./files.ts";
import type { Cgroups } from "./hierarchy.ts";
import { cgroupFolder } from "./paths.ts";

/** In nanoseconds, those of the cgroups below included. */
export interface CpuDetails {
  userNanoseconds: number;
  systemNanoseconds: number;
}

/** What the cgroup's own quota did; all zero where it has none. */
export interface CpuThrottling {
  /** Periods in which it had work. */
  periods: number;
  throttledPeriods: number;
  throttledNanoseconds: number;
}

/** proc(5) counts in ticks of USER_HZ, which is 100 on every Linux. */
const nanosecondsATick = 10_000_000;

/** Undefined when the cgroup is gone. On v1 the times come in steps of 10 ms. */
export function readCpuDetails(cgroups: Cgroups, path: string): CpuDetails | undefined {
  const cpuacct = cgroupFolder(cgroups, "cpuacct", path);
  if (cpuacct !== undefined) return detailsIn(cpuacct, "cpuacct.stat", "user", "system", nanosecondsATick);
  const folder = cgroupFolder(cgroups, "cpu", path);
  return folder === undefined ? undefined : detailsIn(folder, "cpu.stat", "user_usec", "system_usec", 1000);
}

function detailsIn(
  folder: string,
  file: string,
  user: string,
  system: string,
  nanosecondsAUnit: number,
): CpuDetails | undefined {
  const stat = readFigure(folder, file);
  if (stat === undefined) return undefined;
  return {
    userNanoseconds: (keyedNumber(stat, user) ?? 0) * nanosecondsAUnit,
    systemNanoseconds: (keyedNumber(stat, system) ?? 0) * nanosecondsAUnit,
  };
}

/** Undefined when the cgroup is gone, or where the kernel has no quotas. */
export function readCpuThrottling(cgroups: Cgroups, path: string): CpuThrottling | undefined {
  const folder = cgroupFolder(cgroups, "cpu", path);
  const stat = (folder && readFigure(folder, "cpu.stat")) ?? "";
  const periods = keyedNumber(stat, "nr_periods");
  if (periods === undefined) return undefined;
  return {
    periods,
    throttledPeriods: keyedNumber(stat, "nr_throttled") ?? 0,
    throttledNanoseconds:
      keyedNumber(stat, "throttled_time") ?? (keyedNumber(stat, "throttled_usec") ?? 0) * 1000,
  };
}
