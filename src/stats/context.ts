/** What the statistics' files work with. */
import type { CriDefinitions } from "../cri/proto.ts";
import type { ContainerContext } from "../oci/context.ts";
import type { SandboxContext } from "../sandbox/context.ts";
import { CollectedStats } from "./collection.ts";
import { CpuRates } from "./cpu-rates.ts";
import { StatsEncoder } from "./encoding.ts";
import { PodMetrics } from "./metrics/pod-metrics.ts";
import { ProcessUsages } from "./process-usages.ts";
import { WritableLayers } from "./writable-layers.ts";

export interface StatsContext {
  sandboxes: SandboxContext;
  containers: ContainerContext;
  rates: CpuRates;
  processes: ProcessUsages;
  /** Empty where statistics are read when they are asked for. */
  collected: CollectedStats;
  writableLayers: WritableLayers;
  metrics: PodMetrics;
  encoder: StatsEncoder;
}

export function statsContext(sandboxes: SandboxContext, cri: CriDefinitions): StatsContext {
  const { containers } = sandboxes;
  const { root, rootfs } = containers.storage;
  const writableLayers = new WritableLayers({
    mountpoint: root,
    folderOf: (containerId) => rootfs.writableLayerOf(containerId),
  });
  return {
    sandboxes,
    containers,
    rates: new CpuRates(),
    processes: new ProcessUsages(),
    collected: new CollectedStats(),
    writableLayers,
    metrics: new PodMetrics({ sandboxes, containers, writableLayers }),
    encoder: new StatsEncoder(cri),
  };
}
