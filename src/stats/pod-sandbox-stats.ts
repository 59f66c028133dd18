/** The statistics of a pod: of its cgroup, its network, and its containers. */
import { type CgroupReading, readCgroup } from "../cgroups/readings.ts";
import { sumOfReadings } from "../cgroups/readings-sum.ts";
import { nowNanoseconds } from "../clock.ts";
import type { LinuxPodSandboxStats, NetworkUsage } from "../cri/messages.ts";
import type { ContainerRecord } from "../oci/record.ts";
import { namespaceModes, type PodSandboxRecord } from "../sandbox/record.ts";
import { containerCgroup, ownPodCgroup } from "./cgroups-of.ts";
import { isReading, readContainer, statsOfReading } from "./container-stats.ts";
import type { StatsContext } from "./context.ts";
import type { PodStats } from "./encoding.ts";
import { networkUsage } from "./network.ts";
import { networkProcess } from "./network-process.ts";
import { type Overview, overviewOf } from "./overview.ts";
import { usageOf } from "./usage.ts";

/** What a pod uses, as it was collected last or as it is now. One that is not ready has its attributes only. */
export function podSandboxStats(
  context: StatsContext,
  record: PodSandboxRecord,
  overview = overviewOf(context),
): PodStats {
  return context.collected.pod(record) ?? readPodSandboxStats(context, record, overview);
}

/** What it uses now. */
export function readPodSandboxStats(
  context: StatsContext,
  record: PodSandboxRecord,
  overview: Overview,
): PodStats {
  const { id, config, phase } = record;
  const { metadata, labels, annotations } = config;
  return {
    attributes: { id, metadata, labels, annotations },
    linux: phase === "ready" ? linuxStats(context, record, overview) : null,
  };
}

interface RunningContainer {
  record: ContainerRecord;
  reading: CgroupReading;
}

function linuxStats(
  context: StatsContext,
  record: PodSandboxRecord,
  overview: Overview,
): LinuxPodSandboxStats {
  const containers = readAll(context, overview.running.get(record.id) ?? []);
  const cgroup = ownPodCgroup(context, record, overview);
  const parts = cgroup ? [cgroup] : memberCgroups(context, record, containers);
  const timestamp = nowNanoseconds();
  const { cgroups } = context.containers.host;
  const reading = sumOfReadings(parts.map((path) => readCgroup(cgroups, path)));
  const { cpu, memory, io } = usageOf(record, reading, context.rates, timestamp);
  return {
    cpu,
    memory,
    io,
    network: podNetwork(record, containers, timestamp),
    process: context.processes.usageOf(record, cgroups, parts),
    containers: containers.map((one) => statsOfReading(context, one.record, one.reading)),
  };
}

function readAll(context: StatsContext, records: ContainerRecord[]): RunningContainer[] {
  return records
    .map((record) => ({ record, reading: readContainer(context, record) }))
    .filter(({ reading }) => isReading(reading));
}

/** The pause container's and the running containers' cgroups, for a pod that has none to itself. */
function memberCgroups(
  context: StatsContext,
  sandbox: PodSandboxRecord,
  containers: RunningContainer[],
): string[] {
  const ids = [sandbox.id, ...containers.map(({ record }) => record.id)];
  return ids.flatMap((id) => containerCgroup(context, sandbox, id) ?? []);
}

/** Seen through any process of the pod; null on the host's network, which is not the pod's. */
function podNetwork(
  record: PodSandboxRecord,
  containers: RunningContainer[],
  timestamp: string,
): NetworkUsage | null {
  if (namespaceModes(record.config).network === "NODE") return null;
  const records = containers.map((container) => container.record);
  const process = networkProcess(record, records);
  return process ? networkUsage(process.pid, timestamp) : null;
}
