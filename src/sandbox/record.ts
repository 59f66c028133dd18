/** What critter remembers of a pod sandbox. */
import type { NamespaceMode, PodSandboxConfig, PodSandboxMetadata } from "../cri/messages.ts";
import { isMetadata, type Task, taskFields } from "../oci/record.ts";
import type { SelinuxLabels } from "../oci/selinux/selinux.ts";
import {
  absentOr,
  fields,
  isBoolean,
  isId,
  isObject,
  isString,
  isTime,
  listOf,
  mapOf,
  nullOr,
  oneOf,
} from "../state/fields.ts";

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
  /** The kernel's ID of the boot in which it was made: it runs in no other. Absent in what earlier versions have written. */
  boot?: string;
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

const isRecord = fields({
  ...taskFields,
  id: isId,
  config: fields({
    metadata: isMetadata,
    labels: mapOf(isString),
    annotations: mapOf(isString),
    linux: nullOr(isObject),
  }),
  runtimeHandler: isString,
  requestDigest: isString,
  createdAt: isTime,
  boot: absentOr(isString),
  phase: oneOf(["creating", "failed", "ready", "notready", "removing"] satisfies SandboxPhase[]),
  ips: listOf(isString),
  attached: isBoolean,
  imageId: isString,
  cgroups: listOf(isString),
  selinux: absentOr(isObject),
});

/** Whether a record read back is one of ours. */
export function isPodSandboxRecord(value: unknown): value is PodSandboxRecord {
  return isRecord(value);
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
