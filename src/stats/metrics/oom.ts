/** Group `oom`. */
import { counter } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";
import type { ContainerSource } from "./source.ts";

export const oomMetrics = {
  events: counter("container_oom_events_total", "Processes that the kernel killed for want of memory."),
};

export function addOom(sheet: MetricSheet, { memoryDetails }: ContainerSource): void {
  sheet.add(oomMetrics.events, memoryDetails?.oomKills);
}
