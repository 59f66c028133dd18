/** A container's config.json, put together from the request, the image, the pod and the machine. */

import type { ContainerConfig, LinuxContainerSecurityContext, PodSandboxConfig } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import { type PinnedUserNamespace, rootOf } from "../../linux/user-namespace.ts";
import { handlerSettings, type SeccompSettings, seccompFilter } from "../seccomp/filter.ts";
import type { SelinuxLabels } from "../selinux/selinux.ts";
import { resolveUser } from "../user.ts";
import { allowedAnnotations, containerAnnotations } from "./annotations.ts";
import { processArgs } from "./args.ts";
import { processCapabilities } from "./capabilities.ts";
import type { PodFiles } from "./default-mounts.ts";
import { containerDevices, type DeviceOwner, privilegedDevices } from "./devices.ts";
import { processEnv } from "./environment.ts";
import { type DeviceGrants, grantedDevices } from "./granted-devices.ts";
import type { Host } from "./host.ts";
import { mappedUser, ociIdMappings } from "./id-mappings.ts";
import type { ImageConfig } from "./image-config.ts";
import { makeImageVolumes } from "./image-volumes.ts";
import { mountsOf } from "./mounts.ts";
import { containerNamespaces, type PinnedNamespaces } from "./namespaces.ts";
import { oomScoreAdj } from "./oom-score.ts";
import { protectedPaths } from "./protected-paths.ts";
import { ociResources } from "./resources.ts";
import { ociRlimits, type Ulimit } from "./rlimits.ts";
import { type Linux, ociVersion, type Process, type Resources, type Spec } from "./types.ts";
import { workingDirectory } from "./working-directory.ts";

export interface ContainerSpecInput {
  id: string;
  config: ContainerConfig;
  sandboxConfig: PodSandboxConfig;
  sandbox: SandboxFacts;
  /** Configuration of the container's image. */
  image: ImageConfig;
  /** The root file system on the host, mounted and not yet in use. */
  rootfs: string;
  /** Where images that are mounts of the request lie on the host, in the mounts' order; undefined for others. */
  imageVolumes?: readonly (string | undefined)[];
  /** Whether what the image declares as volumes is left unmade: crio.conf's `image_volumes`. */
  ignoreDeclaredVolumes?: boolean;
  cgroupsPath: string;
  /** First process of the container that `target_id` names; needed for the PID namespace mode TARGET. */
  targetPid?: number;
  /** The AppArmor profile, which the kernel has; absent for none. */
  apparmorProfile?: string;
  /** Absent where nothing is labelled. */
  selinux?: SelinuxLabels | undefined;
  /** The table `crio.runtime`. */
  runtime: RuntimeDefaults;
  /** The runtime handler's table, and what its program can do. */
  handler: HandlerOptions;
  host: Host;
}

/** What containers share with their pod. */
export interface SandboxFacts {
  id: string;
  /** The pod's hostname, or the node's on the host's network. */
  hostname: string;
  /** The pause process; absent for a pod without one. */
  pausePid?: number;
  pinned: PinnedNamespaces;
  /** Where the pod has one; it is among those that are pinned. */
  userNamespace?: PinnedUserNamespace | undefined;
  files: PodFiles;
  /** The pod's labels; absent where nothing is labelled. */
  selinux?: SelinuxLabels | undefined;
}

/** Keys of `crio.runtime`. */
export interface RuntimeDefaults extends DeviceGrants, SeccompSettings {
  defaultCapabilities: readonly string[];
  addInheritableCapabilities: boolean;
  defaultEnv: readonly string[];
  defaultUlimits: readonly Ulimit[];
  /** -1 for none. */
  pidsLimit: number;
  readOnly: boolean;
  deviceOwnershipFromSecurityContext: boolean;
  /** Host paths that must exist when mounted. */
  absentMountSourcesToReject: readonly string[];
}

export interface HandlerOptions {
  privilegedWithoutHostDevices: boolean;
  /** Goes before that of `crio.runtime`; empty for none, the default. */
  seccompProfile?: string;
  /** Prefixes of annotations that the runtime may see; none by default. */
  allowedAnnotations?: readonly string[];
  /** Annotations of every container, before the allowed ones; none by default. */
  defaultAnnotations?: Readonly<Record<string, string>>;
  /** Least memory limit, in bytes; none by default. */
  containerMinMemory?: number;
  /** Whether the runtime knows the mount option `rro`; not by default. */
  recursiveReadOnlyMounts?: boolean;
  /** Whether it can map the IDs of a mount; not by default. */
  idMappedMounts?: boolean;
  /** Whether it reads the mappings of the user namespace itself; not by default. */
  readsMappings?: boolean;
}

/**
 * Builds the spec; the user that ContainerStatus reports is `process.user`. Makes the working directory, the
 * image's volumes and missing host paths of mounts. Throws StatusError: INVALID_ARGUMENT with field and value
 * for a wrong request, FAILED_PRECONDITION for an image's unknown user.
 */
export function buildContainerSpec(input: ContainerSpecInput): Spec {
  const { id, config, sandboxConfig, sandbox, image, rootfs, host } = input;
  const context = config.linux?.securityContext ?? null;
  const privileged = isPrivileged(context, sandboxConfig);
  const readonlyRootfs = input.runtime.readOnly || (context?.readonlyRootfs ?? false);
  const allowed = input.handler.allowedAnnotations ?? [];
  const process = processOf(input, context, privileged);
  const ownerOnHost = mappedUser(sandbox.userNamespace, process.user);
  const { mounts, rootfsPropagation } = mountsOf({
    requested: config.mounts,
    imageVolumes: input.imageVolumes ?? [],
    files: sandbox.files,
    privileged,
    readonlyRootfs,
    recursiveReadOnlyMounts: input.handler.recursiveReadOnlyMounts ?? false,
    idMappedMounts: input.handler.idMappedMounts ?? false,
    podIdMappings: sandbox.userNamespace,
    absentMountSourcesToReject: input.runtime.absentMountSourcesToReject,
  });
  const seccomp = seccompFilter({
    requested: context,
    privileged,
    capabilities: process.capabilities.bounding,
    settings: handlerSettings(input.runtime, input.handler),
    available: host.seccomp,
  });
  if (!input.ignoreDeclaredVolumes) makeImageVolumes(rootfs, image, ownerOnHost);
  return {
    ociVersion,
    process,
    root: { path: rootfs, readonly: readonlyRootfs },
    mounts,
    annotations: {
      ...input.handler.defaultAnnotations,
      ...allowedAnnotations({ ...sandboxConfig.annotations, ...config.annotations }, allowed),
      ...containerAnnotations(id, config, sandbox.id, sandboxConfig),
    },
    linux: {
      namespaces: containerNamespaces({
        options: context?.namespaceOptions ?? sandboxConfig.linux?.securityContext?.namespaceOptions ?? null,
        pinned: sandbox.pinned,
        pausePid: sandbox.pausePid,
        targetPid: input.targetPid,
        cgroup: host.cgroups.version === "v2" && !privileged,
      }),
      ...(!input.handler.readsMappings && ociIdMappings(sandbox.userNamespace)),
      cgroupsPath: input.cgroupsPath,
      ...devicesAndResources(input, privileged),
      ...(rootfsPropagation && { rootfsPropagation }),
      ...protectedPaths(context, privileged),
      ...(seccomp && { seccomp }),
      ...(input.selinux && { mountLabel: input.selinux.mount }),
    },
  };
}

/** A privileged container needs a pod that was announced as such. */
function isPrivileged(
  context: LinuxContainerSecurityContext | null,
  sandboxConfig: PodSandboxConfig,
): boolean {
  if (!context?.privileged) return false;
  if (sandboxConfig.linux?.securityContext?.privileged) return true;
  throw invalidArgument(
    "config.linux.security_context.privileged",
    true,
    "the pod sandbox is not privileged",
  );
}

function processOf(
  { apparmorProfile, selinux, config, sandbox, image, rootfs, runtime, host }: ContainerSpecInput,
  context: LinuxContainerSecurityContext | null,
  privileged: boolean,
): Process {
  return {
    terminal: config.tty,
    user: resolveUser(rootfs, context, image.User ?? ""),
    args: processArgs(config, image),
    env: processEnv({
      defaults: runtime.defaultEnv,
      image: image.Env ?? [],
      requested: config.envs,
      hostname: sandbox.hostname,
      tty: config.tty,
    }),
    cwd: workingDirectory(rootfs, config.workingDir, image, rootOf(sandbox.userNamespace)),
    capabilities: processCapabilities({
      requested: context?.capabilities ?? null,
      privileged,
      defaults: runtime.defaultCapabilities,
      available: host.capabilities,
      inheritable: runtime.addInheritableCapabilities,
    }),
    ...(runtime.defaultUlimits.length > 0 && { rlimits: ociRlimits(runtime.defaultUlimits) }),
    noNewPrivileges: context?.noNewPrivs ?? false,
    ...(apparmorProfile && { apparmorProfile }),
    ...(selinux?.process && { selinuxLabel: selinux.process }),
    oomScoreAdj: oomScoreAdj(config.linux?.resources?.oomScoreAdj ?? 0, host),
  };
}

function devicesAndResources(
  { config, sandboxConfig, runtime, handler, host }: ContainerSpecInput,
  privileged: boolean,
): Pick<Linux, "devices" | "resources"> {
  const allDevices = privileged && !handler.privilegedWithoutHostDevices;
  const granted = grantedDevices(runtime, sandboxConfig.annotations, handler.allowedAnnotations ?? []);
  const owner = runtime.deviceOwnershipFromSecurityContext ? ownerOf(config) : {};
  const { devices, rules } = (allDevices ? privilegedDevices : containerDevices)(
    config.devices,
    granted,
    owner,
  );
  const resources: Resources = {
    devices: rules,
    ...ociResources(config.linux?.resources ?? null, host, {
      minimumMemory: handler.containerMinMemory,
    }),
    ...(runtime.pidsLimit > 0 && { pids: { limit: runtime.pidsLimit } }),
  };
  return { ...(devices.length > 0 && { devices }), resources };
}

/** Root's devices stay as they are: that it may open them needs no ownership. */
function ownerOf({ linux }: ContainerConfig): DeviceOwner {
  const uid = Number(linux?.securityContext?.runAsUser?.value ?? 0);
  const gid = Number(linux?.securityContext?.runAsGroup?.value ?? 0);
  return { ...(uid > 0 && { uid }), ...(gid > 0 && { gid }) };
}
