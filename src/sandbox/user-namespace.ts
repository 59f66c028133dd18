/** The user namespace that a pod asks for by `userns_options`; a pod that gets none asked for none. */
import type {
  ContainerConfig,
  IDMapping,
  NamespaceOption,
  PodSandboxConfig,
  UserNamespace,
} from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";
import type { IdMappings, PinnedUserNamespace } from "../linux/user-namespace.ts";
import type { ContainerRecord } from "../oci/record.ts";
import { pinnedNamespaces, type SandboxContext } from "./context.ts";
import { namespaceModes, type PodSandboxRecord } from "./record.ts";

const options = "config.linux.security_context.namespace_options";
const field = `${options}.userns_options`;
/** user_namespaces(7): the last number stands for no ID. */
const noId = 0xffff_ffff;

/** How a pod's user namespace maps IDs; undefined for a pod in the host's. The configuration has been validated. */
export function podIdMappings(config: PodSandboxConfig): IdMappings | undefined {
  const userns = optionsOf(config);
  if (!userns || userns.mode === "NODE") return undefined;
  return { uids: userns.uids[0] as IDMapping, gids: userns.gids[0] as IDMapping };
}

/** The user namespace of a pod, made or to be made; undefined for a pod in the host's. */
export function podUserNamespace(
  context: SandboxContext,
  record: PodSandboxRecord,
): PinnedUserNamespace | undefined {
  const mappings = podIdMappings(record.config);
  const { user } = pinnedNamespaces(context, record);
  return mappings && user !== undefined ? { ...mappings, path: user } : undefined;
}

/** As `podIdMappings`, of the pod that a container is in. */
export function containerIdMappings(
  { store }: SandboxContext,
  { podSandboxId }: Pick<ContainerRecord, "podSandboxId">,
): IdMappings | undefined {
  const pod = store.find(podSandboxId);
  return pod && podIdMappings(pod.config);
}

/**
 * Throws INVALID_ARGUMENT for a mode but NODE, without mappings, and POD, with one of users and one of groups that begin at the
 * container's 0; and for POD with another namespace of the host, which its root could not use.
 */
export function validateUserNamespace(config: PodSandboxConfig): void {
  const userns = optionsOf(config);
  if (!userns) return;
  const { mode, uids, gids } = userns;
  if (mode === "NODE") {
    for (const [name, mappings] of Object.entries({ uids, gids })) {
      if (mappings.length > 0)
        throw invalidArgument(`${field}.${name}`, mappings, "the mode is NODE, which maps nothing");
    }
    return;
  }
  if (mode !== "POD") throw invalidArgument(`${field}.mode`, mode, "it must be POD or NODE");
  validateMappings(`${field}.uids`, uids);
  validateMappings(`${field}.gids`, gids);
  refuseHostNamespaces(namespaceModes(config));
}

function validateMappings(name: string, mappings: readonly IDMapping[]): void {
  const [mapping] = mappings;
  if (!mapping || mappings.length > 1)
    throw invalidArgument(name, mappings, "there must be exactly one mapping");
  const { containerId, hostId, length } = mapping;
  if (containerId !== 0) throw invalidArgument(`${name}[0].container_id`, containerId, "it must be 0");
  if (length < 1) throw invalidArgument(`${name}[0].length`, length, "it must be above 0");
  if (hostId + length > noId) throw invalidArgument(`${name}[0]`, mapping, `it must end below ${noId}`);
}

/**
 * INVALID_ARGUMENT for a container that asks for another user namespace than its pod's, which it gets where it says nothing, or
 * for a namespace of the host beside it.
 */
export function validateContainerUserNamespace(container: ContainerConfig, pod: PodSandboxConfig): void {
  const asked = container.linux?.securityContext?.namespaceOptions;
  if (!asked) return;
  const { usernsOptions } = asked;
  if (usernsOptions && asNamed(usernsOptions) !== asNamed(optionsOf(pod))) {
    throw invalidArgument(
      field,
      usernsOptions,
      `it differs from the pod's, which is ${asNamed(optionsOf(pod))}`,
    );
  }
  if (podIdMappings(pod)) refuseHostNamespaces(asked);
}

/** What belongs to the host's user namespace is nothing that root of another may use. */
function refuseHostNamespaces(modes: Pick<NamespaceOption, "network" | "pid" | "ipc">): void {
  for (const name of ["network", "pid", "ipc"] as const) {
    if (modes[name] !== "NODE") continue;
    throw invalidArgument(`${options}.${name}`, modes[name], "a pod in a user namespace must have its own");
  }
}

/** None is the same as NODE. */
function asNamed(userns: UserNamespace | null): string {
  const ranges = (mappings: readonly IDMapping[]) =>
    mappings.map(({ containerId, hostId, length }) => `${containerId}:${hostId}:${length}`).join(",");
  const { mode, uids, gids } = userns ?? { mode: "NODE", uids: [], gids: [] };
  return [mode, ranges(uids), ranges(gids)].filter(Boolean).join(" ");
}

function optionsOf({ linux }: PodSandboxConfig): UserNamespace | null {
  return linux?.securityContext?.namespaceOptions?.usernsOptions ?? null;
}
