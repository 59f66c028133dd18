/** Group `pressure`: how long tasks waited for want of something. Empty where the kernel does not count it. */
import type { PsiStats } from "../../cri/messages.ts";
import { counter, type Metric, wholeSeconds } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";
import type { ContainerSource } from "./source.ts";

const stalled = (resource: string, missing: string) =>
  counter(
    `container_pressure_${resource}_stalled_seconds_total`,
    `How long all tasks of the container waited for ${missing}, in seconds.`,
  );
const waiting = (resource: string, missing: string) =>
  counter(
    `container_pressure_${resource}_waiting_seconds_total`,
    `How long a task of the container waited for ${missing}, in seconds.`,
  );

export const pressureMetrics = {
  cpuStalled: stalled("cpu", "a processor"),
  cpuWaiting: waiting("cpu", "a processor"),
  memoryStalled: stalled("memory", "memory"),
  memoryWaiting: waiting("memory", "memory"),
  ioStalled: stalled("io", "input and output"),
  ioWaiting: waiting("io", "input and output"),
};

export function addPressure(sheet: MetricSheet, { reading }: ContainerSource): void {
  const { cpu, memory, ioPressure } = reading;
  add(sheet, cpu?.pressure, pressureMetrics.cpuStalled, pressureMetrics.cpuWaiting);
  add(sheet, memory?.pressure, pressureMetrics.memoryStalled, pressureMetrics.memoryWaiting);
  add(sheet, ioPressure, pressureMetrics.ioStalled, pressureMetrics.ioWaiting);
}

function add(sheet: MetricSheet, pressure: PsiStats | undefined, full: Metric, some: Metric): void {
  if (!pressure) return;
  // Before Linux 5.13 a cgroup's cpu.pressure has no line of full.
  sheet.add(full, wholeSeconds(pressure.Full?.Total ?? 0));
  sheet.add(some, wholeSeconds(pressure.Some?.Total ?? 0));
}
