/**
 * Annotations of config.json: what runtimes (Kata, gVisor) and node tools look for, under containerd's and
 * CRI-O's names.
 */
import type { ContainerConfig, LinuxContainerResources, PodSandboxConfig } from "../../cri/messages.ts";

const containerd = "io.kubernetes.cri";
const crio = "io.kubernetes.cri-o";

/**
 * Annotations of a request whose name begins with one of `allowed`; the others never reach the runtime, for
 * some of them steer it.
 */
export function allowedAnnotations(
  requested: Record<string, string>,
  allowed: readonly string[],
): Record<string, string> {
  const entries = Object.entries(requested);
  return Object.fromEntries(entries.filter(([name]) => allowed.some((prefix) => name.startsWith(prefix))));
}

/**
 * The first of an annotation's `names` that `requested` has and `allowed` (prefixes: the handler's
 * `allowed_annotations`) lets through.
 */
export function allowedAnnotation(
  requested: Record<string, string>,
  names: readonly string[],
  allowed: readonly string[],
): { name: string; value: string } | undefined {
  const name = names.find((one) => requested[one] !== undefined && allowed.some((it) => one.startsWith(it)));
  return name === undefined ? undefined : { name, value: requested[name] as string };
}

/** Of the pause container. */
export function sandboxAnnotations(id: string, config: PodSandboxConfig): Record<string, string> {
  return {
    ...podAnnotations(id, config),
    "io.container.manager": "critter",
    [`${containerd}.container-type`]: "sandbox",
    [`${containerd}.sandbox-log-directory`]: config.logDirectory,
    [`${crio}.ContainerType`]: "sandbox",
    [`${crio}.LogPath`]: config.logDirectory,
    ...sizeAnnotations(config),
  };
}

/** By these a runtime that makes a virtual machine of the pod knows its size. */
function sizeAnnotations({ linux }: PodSandboxConfig): Record<string, string> {
  const { overhead, resources } = linux ?? { overhead: null, resources: null };
  return {
    ...(resources && {
      [`${containerd}.sandbox-cpu-period`]: String(resources.cpuPeriod),
      [`${containerd}.sandbox-cpu-quota`]: String(resources.cpuQuota),
      [`${containerd}.sandbox-cpu-shares`]: String(resources.cpuShares),
      [`${containerd}.sandbox-memory`]: String(resources.memoryLimitInBytes),
      [`${crio}.PodLinuxResources`]: resourcesJson(resources),
    }),
    ...(overhead && { [`${crio}.PodLinuxOverhead`]: resourcesJson(overhead) }),
  };
}

/** As CRI-O writes it: the names are those of the CRI's .proto, and what is not set is left out. */
function resourcesJson({ hugepageLimits, unified, ...others }: LinuxContainerResources): string {
  const entries = Object.entries(others).filter(([, value]) => Boolean(value));
  return JSON.stringify({
    ...Object.fromEntries(entries.map(([name, value]) => [protoName(name), value])),
    ...(hugepageLimits.length > 0 && {
      hugepage_limits: hugepageLimits.map(({ pageSize, limit }) => ({ page_size: pageSize, limit })),
    }),
    ...(Object.keys(unified).length > 0 && { unified }),
  });
}

function protoName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Of a container in sandbox `sandboxId`. */
export function containerAnnotations(
  id: string,
  config: ContainerConfig,
  sandboxId: string,
  sandboxConfig: PodSandboxConfig,
): Record<string, string> {
  const name = config.metadata?.name ?? "";
  const image = config.image?.userSpecifiedImage || config.image?.image || "";
  return {
    ...podAnnotations(sandboxId, sandboxConfig),
    "io.container.manager": "critter",
    [`${containerd}.container-type`]: "container",
    [`${containerd}.container-name`]: name,
    [`${containerd}.image-name`]: image,
    [`${crio}.ContainerType`]: "container",
    [`${crio}.ContainerID`]: id,
    [`${crio}.ContainerName`]: name,
    [`${crio}.ImageName`]: image,
  };
}

function podAnnotations(sandboxId: string, { metadata }: PodSandboxConfig): Record<string, string> {
  return {
    [`${containerd}.sandbox-id`]: sandboxId,
    [`${containerd}.sandbox-name`]: metadata?.name ?? "",
    [`${containerd}.sandbox-namespace`]: metadata?.namespace ?? "",
    [`${containerd}.sandbox-uid`]: metadata?.uid ?? "",
    [`${crio}.SandboxID`]: sandboxId,
    [`${crio}.Namespace`]: metadata?.namespace ?? "",
  };
}
