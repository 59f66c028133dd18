/** The pause container's config.json: one process that waits, in as little as it needs. */

import type { NamespaceOption, PodSandboxConfig } from "../../cri/messages.ts";
import type { IdMappings } from "../../linux/user-namespace.ts";
import { type SeccompSettings, seccompFilter } from "../seccomp/filter.ts";
import type { SelinuxLabels } from "../selinux/selinux.ts";
import { resolveUser } from "../user.ts";
import { allowedAnnotations, sandboxAnnotations } from "./annotations.ts";
import { processArgs } from "./args.ts";
import { noCapabilities } from "./capabilities.ts";
import { sandboxMounts } from "./default-mounts.ts";
import { containerDevices } from "./devices.ts";
import { processEnv } from "./environment.ts";
import type { Host } from "./host.ts";
import { ociIdMappings } from "./id-mappings.ts";
import type { ImageConfig } from "./image-config.ts";
import { type PinnedNamespaces, sandboxNamespaces } from "./namespaces.ts";
import { oomScoreAdj, sandboxOomScoreAdj } from "./oom-score.ts";
import { defaultMaskedPaths, defaultReadonlyPaths } from "./protected-paths.ts";
import { ociVersion, type Spec, type User } from "./types.ts";

export interface SandboxSpecInput {
  id: string;
  config: PodSandboxConfig;
  /** Configuration of the pause image. */
  image: ImageConfig;
  /** crio.conf's `pause_command`; empty for the image's own. */
  pauseCommand: string;
  /** The root file system on the host, mounted. */
  rootfs: string;
  pinned: PinnedNamespaces;
  /** Of the user namespace, where the pod has one and the runtime does not read them itself. */
  idMappings?: IdMappings | undefined;
  cgroupsPath: string;
  /** Prefixes of the pod's annotations that the runtime may see: the handler's `allowed_annotations`. */
  allowedAnnotations: readonly string[];
  /** The handler's `default_annotations`. */
  defaultAnnotations?: Readonly<Record<string, string>>;
  /** The AppArmor profile, which the kernel has; absent for none. */
  apparmorProfile?: string;
  /** Absent where nothing is labelled. */
  selinux?: SelinuxLabels | undefined;
  seccompSettings: SeccompSettings;
  host: Host;
}

/**
 * Throws INVALID_ARGUMENT for a wrong user and for an image with nothing to run. Sysctls are set when the
 * namespaces are made.
 */
export function buildSandboxSpec(input: SandboxSpecInput): Spec {
  const { config, image, rootfs, pinned, host } = input;
  const context = config.linux?.securityContext ?? null;
  const options = context?.namespaceOptions ?? null;
  const user = resolveUser(rootfs, context, image.User ?? "");
  const seccomp = seccompFilter({
    requested: context,
    privileged: context?.privileged ?? false,
    capabilities: [],
    settings: input.seccompSettings,
    available: host.seccomp,
  });
  return {
    ociVersion,
    process: {
      terminal: false,
      user,
      args: processArgs({ command: input.pauseCommand ? [input.pauseCommand] : [], args: [] }, image),
      env: processEnv({ defaults: [], image: image.Env ?? [], requested: [], hostname: "", tty: false }),
      cwd: "/",
      capabilities: noCapabilities(),
      noNewPrivileges: true,
      ...(input.apparmorProfile && { apparmorProfile: input.apparmorProfile }),
      ...(input.selinux?.process && { selinuxLabel: input.selinux.process }),
      oomScoreAdj: oomScoreAdj(sandboxOomScoreAdj, host),
    },
    root: { path: rootfs, readonly: true },
    ...(pinned.uts && config.hostname && { hostname: config.hostname }),
    mounts: sandboxMounts(),
    annotations: {
      ...input.defaultAnnotations,
      ...allowedAnnotations(config.annotations, input.allowedAnnotations),
      ...sandboxAnnotations(input.id, config),
    },
    linux: {
      namespaces: sandboxNamespaces(options, pinned),
      ...ociIdMappings(input.idMappings),
      cgroupsPath: input.cgroupsPath,
      resources: { devices: containerDevices([]).rules, cpu: { shares: 2 } },
      ...(isReachable(options, user) && {
        maskedPaths: [...defaultMaskedPaths],
        readonlyPaths: [...defaultReadonlyPaths],
      }),
      ...(seccomp && { seccomp }),
      ...(input.selinux && { mountLabel: input.selinux.mount }),
    },
  };
}

/**
 * Whether others can use the pause process's /proc, through /proc/PID/root: containers that share its PID namespace, and where it is
 * root's those in the host's, of any pod. Protected paths cost start time.
 */
function isReachable(options: NamespaceOption | null, user: User): boolean {
  const pid = options?.pid ?? "POD";
  return pid === "POD" || user.uid === 0;
}
