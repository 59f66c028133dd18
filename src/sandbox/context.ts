/** What the pod sandboxes' files work with. */
import { join } from "node:path";
import type { PodCgroups } from "../cgroups/pod-cgroup.ts";
import type { Cni } from "../cni/cni.ts";
import type { NamespaceMaker } from "../linux/namespaces.ts";
import type { ContainerContext } from "../oci/context.ts";
import type { ContainerRecord } from "../oci/record.ts";
import type { Interruptible, Joined, KeyedLock } from "../state/locks.ts";
import type { Store } from "../state/store.ts";
import { namespaceModes, type PodSandboxRecord } from "./record.ts";
import { podIdMappings } from "./user-namespace.ts";

export interface SandboxContext {
  store: Store<PodSandboxRecord>;
  /** By sandbox id: creating, stopping and removing a pod, and creating containers in it. */
  locks: KeyedLock;
  /** By sandbox name: a RunPodSandbox under way. */
  starting: Joined<PodSandboxRecord>;
  /** By container name and digest of the request: a CreateContainer under way. */
  creating: Joined<ContainerRecord>;
  /** By sandbox id: the making of a pod, or of containers in it, which ends when the pod is to be stopped. */
  making: Interruptible;
  namespaces: NamespaceMaker;
  cni: Cni;
  podCgroups: PodCgroups;
  containers: ContainerContext;
  /** What UpdateRuntimeConfig said last; empty until then. */
  podCidr: string;
}

/** The folder of a sandbox's files, which is its pause container's bundle too. */
export function sandboxFolder({ containers }: SandboxContext, id: string): string {
  return join(containers.config.crio.runroot, "sandboxes", id);
}

/** Where the pod's own namespaces are pinned; one it shares with the host is absent. */
export interface PinnedNamespaces {
  net?: string;
  ipc?: string;
  uts?: string;
  user?: string;
}

export function pinnedNamespaces(context: SandboxContext, record: PodSandboxRecord): PinnedNamespaces {
  const { namespacesDir } = context.containers.config.runtime;
  const { network, ipc } = namespaceModes(record.config);
  const pin = (type: string) => join(namespacesDir, type, record.id);
  return {
    ...(network !== "NODE" && { net: pin("netns"), uts: pin("utsns") }),
    ...(ipc !== "NODE" && { ipc: pin("ipcns") }),
    ...(podIdMappings(record.config) && { user: pin("userns") }),
  };
}
