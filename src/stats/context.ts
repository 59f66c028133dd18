/** What the statistics' files work with. */
import type { ContainerStats, PodSandboxStats } from "../cri/messages.ts";
import type { CriDefinitions, Init } from "../cri/proto.ts";
import type { ContainerContext } from "../oci/context.ts";
import type { SandboxContext } from "../sandbox/context.ts";
import { CollectedStats } from "./collection.ts";
import { CpuRates } from "./cpu-rates.ts";
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
  /** A list response of one; those of several concatenate. */
  encode: {
    container(stats: Init<ContainerStats>): Buffer;
    sandbox(stats: Init<PodSandboxStats>): Buffer;
  };
}

export function statsContext(sandboxes: SandboxContext, { RuntimeService }: CriDefinitions): StatsContext {
  const { containers } = sandboxes;
  const { root, rootfs } = containers.storage;
  const { ListContainerStats, ListPodSandboxStats } = RuntimeService;
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
    encode: {
      container: (stats) => ListContainerStats.responseSerialize({ stats: [stats] }),
      sandbox: (stats) => ListPodSandboxStats.responseSerialize({ stats: [stats] }),
    },
  };
}
