/** The groups of metrics that crio.conf's `included_pod_metrics` chooses from. */
import type { PodMetricGroup } from "../../config/pod-metrics.ts";
import type { MetricDescriptor } from "../../cri/messages.ts";
import { addCpu, cpuMetrics } from "./cpu.ts";
import { addDisk, diskMetrics } from "./disk.ts";
import { addDiskIo, diskIoMetrics } from "./disk-io.ts";
import { addHugetlb, hugetlbMetrics } from "./hugetlb.ts";
import { addMemory, memoryMetrics } from "./memory.ts";
import type { Metric } from "./metric.ts";
import { addLastSeen, miscMetrics } from "./misc.ts";
import { networkMetrics } from "./network.ts";
import { addOom, oomMetrics } from "./oom.ts";
import { addPressure, pressureMetrics } from "./pressure.ts";
import { addProcess, processMetrics } from "./process.ts";
import type { MetricSheet } from "./sheet.ts";
import type { ContainerSource } from "./source.ts";
import { addSpec, specMetrics } from "./spec.ts";

interface Group {
  metrics: Record<string, Metric>;
  /** Adds a container's values; absent for a group of the pod's alone. */
  add?: (sheet: MetricSheet, source: ContainerSource) => void;
}

/** Whatever the configuration says. */
const always: Group = { metrics: miscMetrics, add: addLastSeen };

const groups: Record<PodMetricGroup, Group> = {
  cpu: { metrics: cpuMetrics, add: addCpu },
  disk: { metrics: diskMetrics, add: addDisk },
  diskIO: { metrics: diskIoMetrics, add: addDiskIo },
  hugetlb: { metrics: hugetlbMetrics, add: addHugetlb },
  memory: { metrics: memoryMetrics, add: addMemory },
  network: { metrics: networkMetrics },
  oom: { metrics: oomMetrics, add: addOom },
  pressure: { metrics: pressureMetrics, add: addPressure },
  process: { metrics: processMetrics, add: addProcess },
  spec: { metrics: specMetrics, add: addSpec },
};

/** The descriptors of the metrics that an answer with these groups may have. */
export function descriptorsOf(included: readonly PodMetricGroup[]): MetricDescriptor[] {
  const chosen = [always, ...included.map((name) => groups[name])];
  return chosen.flatMap(({ metrics }) => Object.values(metrics).map(({ descriptor }) => descriptor));
}

/** Adds a container's values of these groups. */
export function addGroups(
  sheet: MetricSheet,
  source: ContainerSource,
  included: readonly PodMetricGroup[],
): void {
  always.add?.(sheet, source);
  for (const name of included) groups[name].add?.(sheet, source);
}
