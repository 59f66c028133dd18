/** What pods and containers cost: two readings of the daemon's statistics, for the rate between them. */
import { setTimeout as sleep } from "node:timers/promises";
import type {
  ContainerStats,
  CpuUsage,
  MemoryUsage,
  PodSandboxStats,
  PodSandboxStatsFilter,
  UInt64Value,
} from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import type { CriClient } from "./cri-client.ts";

/** Long enough for a rate that is more than noise, short enough for who waits. */
const WINDOW_MS = 500;

interface ProcessorAndMemory {
  /** `usageNanoCores` is null where there was one reading only. */
  cpu: { usageCoreNanoSeconds: number; usageNanoCores: number | null };
  memory: { workingSetBytes: number };
}

/** In the CRI's names and units. */
export interface PodCost extends ProcessorAndMemory {
  /** Of all interfaces together; null on the host's network. */
  network: { rxBytes: number; txBytes: number } | null;
  process: { processCount: number };
}

export interface ContainerCost extends ProcessorAndMemory {
  writableLayer: { usedBytes: number; inodesUsed: number };
}

/** By id, of the pods that are ready and of their containers that run. */
export interface Costs {
  pods: Map<string, PodCost>;
  containers: Map<string, ContainerCost>;
}

export async function readCosts(
  { runtime }: Pick<CriClient, "runtime">,
  filter: Init<PodSandboxStatsFilter> = {},
): Promise<Costs> {
  const read = async () => (await runtime.ListPodSandboxStats({ filter })).stats;
  const before = await read();
  if (before.length > 0) await sleep(WINDOW_MS);
  return costsBetween(before, before.length > 0 ? await read() : []);
}

/** The costs by the later of two readings. */
export function costsBetween(before: PodSandboxStats[], after: PodSandboxStats[]): Costs {
  const earlier = byId(before);
  const earlierContainers = byId(before.flatMap(containersOf));
  const costs: Costs = { pods: new Map(), containers: new Map() };
  for (const [id, stats] of byId(after)) costs.pods.set(id, podCost(stats, earlier.get(id)));
  for (const [id, stats] of byId(after.flatMap(containersOf))) {
    costs.containers.set(id, containerCost(stats, earlierContainers.get(id)));
  }
  return costs;
}

function podCost({ linux }: PodSandboxStats, before: PodSandboxStats | undefined): PodCost {
  const { defaultInterface, interfaces = [] } = linux?.network ?? {};
  const all = defaultInterface ? [defaultInterface, ...interfaces] : interfaces;
  return {
    ...processorAndMemory(linux, before?.linux),
    network: linux?.network
      ? { rxBytes: sum(all.map(({ rxBytes }) => rxBytes)), txBytes: sum(all.map(({ txBytes }) => txBytes)) }
      : null,
    process: { processCount: number(linux?.process?.processCount) },
  };
}

function containerCost(stats: ContainerStats, before: ContainerStats | undefined): ContainerCost {
  const { usedBytes, inodesUsed } = stats.writableLayer ?? {};
  return {
    ...processorAndMemory(stats, before),
    writableLayer: { usedBytes: number(usedBytes), inodesUsed: number(inodesUsed) },
  };
}

interface Measured {
  cpu: CpuUsage | null;
  memory: MemoryUsage | null;
}

function processorAndMemory(
  now: Measured | null | undefined,
  before: Measured | null | undefined,
): ProcessorAndMemory {
  return {
    cpu: {
      usageCoreNanoSeconds: number(now?.cpu?.usageCoreNanoSeconds),
      usageNanoCores: rate(before?.cpu, now?.cpu),
    },
    memory: { workingSetBytes: number(now?.memory?.workingSetBytes) },
  };
}

function rate(before: CpuUsage | null | undefined, now: CpuUsage | null | undefined): number | null {
  const seconds = (Number(now?.timestamp) - Number(before?.timestamp)) / 1e9;
  if (!(seconds > 0)) return null;
  const used = number(now?.usageCoreNanoSeconds) - number(before?.usageCoreNanoSeconds);
  return Math.max(0, Math.round(used / seconds));
}

function containersOf({ linux }: PodSandboxStats): ContainerStats[] {
  return linux?.containers ?? [];
}

function byId<T extends { attributes: { id: string } | null }>(stats: T[]): Map<string, T> {
  return new Map(stats.map((one) => [one.attributes?.id ?? "", one]));
}

function sum(values: (UInt64Value | null)[]): number {
  return values.reduce((total, value) => total + number(value), 0);
}

function number(value: UInt64Value | null | undefined): number {
  return Number(value?.value ?? 0);
}
