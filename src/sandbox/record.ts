/** What critter remembers of a pod sandbox. */
import type { NamespaceMode, PodSandboxConfig, PodSandboxMetadata } from "../cri/messages.ts";
import type { Task } from "../oci/record.ts";
import type { SelinuxLabels } from "../oci/selinux/selinux.ts";

/**
 * `creating` and `removing` are intents: after a crash the one is rolled back, the other finished. `failed` is one whose making
 * failed and could not be rolled back either: it is listed, so that the kubelet removes it, and a retry does.
 */
export type SandboxPhase = "creating" | "failed" | "ready" | "notready" | "removing";

/** A configuration that has been validated. */
export type SandboxConfig = PodSandboxConfig & { metadata: PodSandboxMetadata };

/** A pod sandbox, as it is kept in the database; the task is its pause container's, absent with `drop_infra_ctr`. */
export interface PodSandboxRecord extends Task {
  id: string;
  config: SandboxConfig;
  /** The handler as requested: empty for the default one. */
  runtimeHandler: string;
  /** Digest of the whole request, by which a retry is known. */
  requestDigest: string;
  /** ns since the epoch. */
  createdAt: string;
  phase: SandboxPhase;
  /** The pod's addresses, the primary one first; empty on the host's network. */
  ips: string[];
  /** Whether CNI has, or may have, a network for the pod: a DEL is owed. */
  attached: boolean;
  /** Of the pause container; empty until it is known, and with `drop_infra_ctr`. */
  imageId: string;
  /** The cgroups that were made for the pod, parents first. */
  cgroups: string[];
  /** Absent where nothing is labelled. */
  selinux?: SelinuxLabels | undefined;
}

/** Whether a record read back is one of ours. */
export function isPodSandboxRecord(value: unknown): value is PodSandboxRecord {
  const record = value as PodSandboxRecord;
  return (
    typeof record.id === "string" &&
    typeof record.phase === "string" &&
    Boolean(record.config?.metadata?.name)
  );
}

/** What no two pod sandboxes may share. */
export function sandboxName({ namespace, name, uid, attempt }: PodSandboxMetadata): string {
  return `${namespace}/${name}/${uid}/${attempt}`;
}

/** The namespace modes of a pod; what the request leaves out is POD, the first value of the enum. */
export function namespaceModes(config: PodSandboxConfig): Record<"network" | "pid" | "ipc", NamespaceMode> {
  const { network = "POD", pid = "POD", ipc = "POD" } = config.linux?.securityContext?.namespaceOptions ?? {};
  return { network, pid, ipc };
}
