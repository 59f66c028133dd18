/** Group `spec`: what a container may use, as requested and as UpdateContainerResources changed it. */
import type { LinuxContainerResources } from "../../cri/messages.ts";
import { gauge, wholeSeconds } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";
import type { ContainerSource } from "./source.ts";

export const specMetrics = {
  cpuPeriod: gauge("container_spec_cpu_period", "Length of the quota's period, in microseconds."),
  cpuShares: gauge("container_spec_cpu_shares", "Share of the processors, in relation to other containers."),
  cpuQuota: gauge(
    "container_spec_cpu_quota",
    "Processor time in each period, in microseconds; absent where it is not limited.",
  ),
  memoryLimit: gauge("container_spec_memory_limit_bytes", "Memory limit in bytes, 0 for none."),
  memoryReservation: gauge(
    "container_spec_memory_reservation_limit_bytes",
    "Memory that is kept for the container, in bytes.",
  ),
  memorySwapLimit: gauge(
    "container_spec_memory_swap_limit_bytes",
    "Limit of memory and swap together in bytes, 0 for none.",
  ),
  startTime: gauge("container_start_time_seconds", "Start of the container, in seconds since the epoch."),
};

/** The kernel's own, for a container that asks for no other. */
const defaultPeriod = 100_000;
const defaultShares = 1024;

export function addSpec(sheet: MetricSheet, { record }: ContainerSource): void {
  const { resources, startedAt } = record;
  const quota = Number(resources?.cpuQuota ?? 0);
  sheet.add(specMetrics.cpuPeriod, Number(resources?.cpuPeriod || defaultPeriod));
  sheet.add(specMetrics.cpuShares, Number(resources?.cpuShares || defaultShares));
  sheet.add(specMetrics.cpuQuota, quota > 0 ? quota : undefined);
  sheet.add(specMetrics.memoryLimit, limit(resources?.memoryLimitInBytes));
  sheet.add(specMetrics.memoryReservation, reservation(resources));
  sheet.add(specMetrics.memorySwapLimit, limit(resources?.memorySwapLimitInBytes));
  sheet.add(specMetrics.startTime, wholeSeconds(startedAt));
}

/** -1 is no limit too. */
function limit(bytes: LinuxContainerResources["memoryLimitInBytes"] | undefined): number {
  return Math.max(0, Number(bytes ?? 0));
}

/** Only the files of v2 can be asked for it. */
function reservation(resources: LinuxContainerResources | null): number {
  const bytes = Number(resources?.unified["memory.min"] ?? 0);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
}
