/** The namespaces a container joins, makes, or shares with the host. */

import type { NamespaceMode, NamespaceOption } from "../../cri/messages.ts";
import { failedPrecondition, invalidArgument } from "../../cri/status-error.ts";
import type { Namespace } from "./types.ts";

/** Files that the pod's namespaces are pinned on; one that is absent is the host's. */
export interface PinnedNamespaces {
  net?: string;
  ipc?: string;
  uts?: string;
  user?: string;
}

export interface ContainerNamespacesInput {
  /** The container's own options, or the pod's where it has none. Only `pid` is the container's to choose. */
  options: NamespaceOption | null;
  pinned: PinnedNamespaces;
  /** The pause process; absent for a pod without one (`drop_infra_ctr`). */
  pausePid?: number;
  /** First process of the container that `target_id` names, for TARGET. */
  targetPid?: number;
  /** Whether the container gets a cgroup namespace: with cgroup v2, unless it is privileged. */
  cgroup: boolean;
}

/**
 * A container's namespaces. INVALID_ARGUMENT or FAILED_PRECONDITION when the PID namespace asked for cannot
 * be had.
 */
export function containerNamespaces(input: ContainerNamespacesInput): Namespace[] {
  const namespaces: Namespace[] = [{ type: "mount" }, ...pinnedNamespaces(input.pinned)];
  const pid = pidNamespace(input);
  if (pid) namespaces.push(pid);
  if (input.cgroup) namespaces.push({ type: "cgroup" });
  return namespaces;
}

/**
 * The pause container's: a PID namespace of its own, which POD containers join, unless the pod is in the
 * host's.
 */
export function sandboxNamespaces(options: NamespaceOption | null, pinned: PinnedNamespaces): Namespace[] {
  const namespaces: Namespace[] = [{ type: "mount" }, ...pinnedNamespaces(pinned)];
  if (options?.pid !== "NODE") namespaces.push({ type: "pid" });
  return namespaces;
}

function pinnedNamespaces({ net, ipc, uts, user }: PinnedNamespaces): Namespace[] {
  const namespaces: Namespace[] = [];
  if (user) namespaces.push({ type: "user", path: user });
  if (net) namespaces.push({ type: "network", path: net });
  if (ipc) namespaces.push({ type: "ipc", path: ipc });
  if (uts) namespaces.push({ type: "uts", path: uts });
  return namespaces;
}

function pidNamespace({ options, pausePid, targetPid }: ContainerNamespacesInput): Namespace | undefined {
  const field = "config.linux.security_context.namespace_options";
  const mode: NamespaceMode = options?.pid ?? "POD";
  switch (mode) {
    case "NODE":
      return undefined;
    case "CONTAINER":
      return { type: "pid" };
    case "POD":
      if (pausePid === undefined)
        throw failedPrecondition("the pod has no pause process whose PID namespace to join");
      return { type: "pid", path: `/proc/${pausePid}/ns/pid` };
    case "TARGET":
      if (targetPid === undefined)
        throw invalidArgument(`${field}.target_id`, options?.targetId, "no such container runs");
      return { type: "pid", path: `/proc/${targetPid}/ns/pid` };
    // A number that this version of the CRI has no name for must not mean the host's.
    default:
      throw invalidArgument(`${field}.pid`, mode, "it is unknown");
  }
}
