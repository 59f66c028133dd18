/** The statistics of a container. */
import { type CgroupReading, noReading, readCgroup } from "../cgroups/readings.ts";
import { nowNanoseconds } from "../clock.ts";
import type { ContainerStats } from "../cri/messages.ts";
import type { ContainerRecord } from "../oci/record.ts";
import { containerCgroup } from "./cgroups-of.ts";
import type { StatsContext } from "./context.ts";
import { usageOf } from "./usage.ts";

/**
 * What a container uses, as it was collected last or as it is now. One that does not run uses no processor and no memory, and has null
 * there; what it has written is still on the disk.
 */
export function containerStats(context: StatsContext, record: ContainerRecord): ContainerStats {
  return (
    context.collected.container(record) ?? statsOfReading(context, record, readContainer(context, record))
  );
}

/** The same; undefined for one that does not run, or has just ended. */
export function runningContainerStats(
  context: StatsContext,
  record: ContainerRecord,
): ContainerStats | undefined {
  const collected = context.collected.container(record);
  if (collected) return collected;
  const reading = readContainer(context, record);
  return isReading(reading) ? statsOfReading(context, record, reading) : undefined;
}

/** What a container uses by this reading of its cgroup. */
export function statsOfReading(
  context: StatsContext,
  record: ContainerRecord,
  reading: CgroupReading,
): ContainerStats {
  const { id, config } = record;
  const { metadata, labels, annotations } = config;
  return {
    attributes: { id, metadata, labels, annotations },
    ...usageOf(record, reading, context.rates, nowNanoseconds()),
    writableLayer: context.writableLayers.usageOf(record),
  };
}

/** The cgroup of a container as it is now; nothing for one that does not run. */
export function readContainer(context: StatsContext, record: ContainerRecord): CgroupReading {
  const { sandboxes, containers } = context;
  const sandbox = record.phase === "running" ? sandboxes.store.find(record.podSandboxId) : undefined;
  const path = sandbox && containerCgroup(context, sandbox, record.id);
  return path === undefined ? noReading : readCgroup(containers.host.cgroups, path);
}

/** Whether there is anything in it. A container may have ended while its exit is not on record yet: its cgroup is gone then. */
export function isReading({ cpu, memory }: CgroupReading): boolean {
  return cpu !== undefined || memory !== undefined;
}
