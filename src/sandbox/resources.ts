/** What a pod may use as a whole: its containers' sum and the overhead, where the pod's cgroup is critter's to limit. */

import { readCgroupFile } from "../cgroups/files.ts";
import { writeLimits } from "../cgroups/limits.ts";
import { cgroupFolder, type PodCgroup, podCgroup } from "../cgroups/paths.ts";
import { sliceProperties } from "../cgroups/slice-limits.ts";
import { machineSystemd } from "../cgroups/systemd.ts";
import type { LinuxContainerResources } from "../cri/messages.ts";
import { failedPrecondition, invalidArgument, messageOf } from "../cri/status-error.ts";
import { runtimeHandler } from "../oci/context.ts";
import { ociResources } from "../oci/spec/resources.ts";
import type { Resources } from "../oci/spec/types.ts";
import type { SandboxContext } from "./context.ts";
import type { PodSandboxRecord } from "./record.ts";

/** LinuxPodSandboxConfig's and UpdatePodSandboxResourcesRequest's. */
export interface PodResources {
  overhead: LinuxContainerResources | null;
  resources: LinuxContainerResources | null;
}

/**
 * The limits of a pod's cgroup. INVALID_ARGUMENT, the fields' names beginning with `prefix`, for what could be no
 * container's either.
 */
export function podLimits(
  context: SandboxContext,
  { overhead, resources }: PodResources,
  prefix: string,
): Resources {
  const { host } = context.containers;
  const extra = ociResources(overhead, host, { field: `${prefix}overhead` });
  const limits = ociResources(resources, host, { field: `${prefix}resources` });
  const { cpu, memory } = limits;
  return {
    ...limits,
    ...(cpu && { cpu: { ...cpu, ...withOverhead(cpu, extra.cpu) } }),
    ...(memory && {
      memory: {
        ...(memory.limit !== undefined && { limit: sum(memory.limit, extra.memory?.limit) }),
        ...(memory.swap !== undefined && { swap: sum(memory.swap, extra.memory?.limit) }),
      },
    }),
  };
}

type Cpu = NonNullable<Resources["cpu"]>;

function withOverhead(cpu: Cpu, extra: Cpu = {}): Cpu {
  const share = extra.quota === undefined || extra.quota < 0 ? 0 : extra.quota / (extra.period ?? 100_000);
  return {
    ...(cpu.shares !== undefined && { shares: cpu.shares + (extra.shares ?? 0) }),
    ...(cpu.quota !== undefined && { quota: sum(cpu.quota, Math.round(share * (cpu.period ?? 100_000))) }),
  };
}

/** What is unlimited stays so. */
function sum(limit: number, extra: number | undefined): number {
  return limit < 0 || extra === undefined || extra < 0 ? limit : limit + extra;
}

/**
 * Gives the pod's cgroup the limits, if critter has made it. That of a pod of the kubelet's is the kubelet's: it has set its limits itself,
 * and they are others where a container has none. Nor is one limited that is the default of all pods.
 */
export async function limitPod(
  { containers, podCgroups }: SandboxContext,
  { config }: PodSandboxRecord,
  limits: Resources,
): Promise<void> {
  const cgroup = podCgroup(containers.config.runtime.cgroupManager, config.linux?.cgroupParent ?? "");
  if (Object.keys(limits).length === 0 || cgroup.isDefault || !podCgroups.isOwn(cgroup.path)) return;
  const { cgroups } = containers.host;
  try {
    if (cgroup.manager === "systemd")
      await machineSystemd().limitSlice(cgroup.name, sliceProperties(cgroups.version, limits));
    else writeLimits(cgroups, cgroup.path, limits);
  } catch (error) {
    throw failedPrecondition(`the pod's cgroup ${cgroup.path} does not take its limits: ${messageOf(error)}`);
  }
}

/** INVALID_ARGUMENT for a parent cgroup with less memory than the runtime needs for itself: no container would start in it. */
export function checkPodMemory(
  { containers }: SandboxContext,
  { runtimeHandler: name }: PodSandboxRecord,
  cgroup: PodCgroup,
): void {
  const { cgroups } = containers.host;
  const minimum = runtimeHandler(containers, name).config.containerMinMemory;
  const folder = cgroupFolder(cgroups, "memory", cgroup.path) ?? "";
  const limit = readCgroupFile(folder, cgroups.version === "v2" ? "memory.max" : "memory.limit_in_bytes");
  // Without a limit v2 says max, and v1 a number beyond all memory.
  if (!(Number(limit) < minimum)) return;
  const reason = `its memory limit is ${limit?.trim()}, the runtime needs ${minimum} (container_min_memory)`;
  throw invalidArgument("linux.cgroup_parent", cgroup.name, reason);
}

/** Takes over what `update` gives, on record and in the pod's cgroup. FAILED_PRECONDITION for a pod that is not ready. */
export function updatePodResources(
  context: SandboxContext,
  record: PodSandboxRecord,
  update: PodResources,
): Promise<void> {
  return context.locks.run(record.id, async () => {
    if (record.phase !== "ready") throw failedPrecondition(`pod sandbox ${record.id} is not ready`);
    const { linux } = record.config;
    const overhead = update.overhead ?? linux?.overhead ?? null;
    const resources = update.resources ?? linux?.resources ?? null;
    await limitPod(context, record, podLimits(context, { overhead, resources }, ""));
    const config = { ...record.config, linux: { ...(linux ?? emptyLinux), overhead, resources } };
    context.store.update(record, { config });
  });
}

const emptyLinux = { cgroupParent: "", securityContext: null, sysctls: {} };
