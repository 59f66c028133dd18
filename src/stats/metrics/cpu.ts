/** Group `cpu`. */
import { readCpuDetails, readCpuThrottling } from "../../cgroups/cpu-details.ts";
import { counter, wholeSeconds } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";
import type { ContainerSource } from "./source.ts";

export const cpuMetrics = {
  user: counter("container_cpu_user_seconds_total", "Processor time in user mode, in seconds."),
  system: counter("container_cpu_system_seconds_total", "Processor time in the kernel, in seconds."),
  usage: counter("container_cpu_usage_seconds_total", "Processor time, in seconds.", "cpu"),
  periods: counter("container_cpu_cfs_periods_total", "Periods of the quota in which there was work."),
  throttledPeriods: counter(
    "container_cpu_cfs_throttled_periods_total",
    "Periods of the quota in which the container was made to wait.",
  ),
  throttled: counter(
    "container_cpu_cfs_throttled_seconds_total",
    "How long the quota made the container wait, in seconds.",
  ),
};

/** Time by processor is not told: v2 does not count it, and of ten times in whole seconds the sum would be wrong by ten. */
const allProcessors = "total";

export function addCpu(sheet: MetricSheet, { reading, surroundings, path }: ContainerSource): void {
  if (!reading.cpu) return;
  const details = readCpuDetails(surroundings.cgroups, path);
  sheet.add(cpuMetrics.user, details && wholeSeconds(details.userNanoseconds));
  sheet.add(cpuMetrics.system, details && wholeSeconds(details.systemNanoseconds));
  sheet.add(cpuMetrics.usage, wholeSeconds(reading.cpu.usageNanoseconds), allProcessors);
  const throttling = readCpuThrottling(surroundings.cgroups, path);
  sheet.add(cpuMetrics.periods, throttling?.periods);
  sheet.add(cpuMetrics.throttledPeriods, throttling?.throttledPeriods);
  sheet.add(cpuMetrics.throttled, throttling && wholeSeconds(throttling.throttledNanoseconds));
}
