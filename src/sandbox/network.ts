/** A pod and its CNI network. */
import type { PodAttachment } from "../cni/cni.ts";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { pinnedNamespaces, type SandboxContext } from "./context.ts";
import type { PodSandboxRecord } from "./record.ts";

/** What CNI is told of a pod that has a network of its own. */
export function podAttachment(context: SandboxContext, record: PodSandboxRecord): PodAttachment {
  const { id, config } = record;
  const { name = "", namespace = "", uid = "" } = config.metadata ?? {};
  return {
    id,
    name,
    namespace,
    uid,
    netns: pinnedNamespaces(context, record).net ?? "",
    portMappings: config.portMappings,
    dns: config.dnsConfig,
    annotations: config.annotations,
    cgroupParent: config.linux?.cgroupParent,
    podCidr: context.podCidr,
  };
}

/**
 * Asks CNI, one pod after the other, whether the networks of the pods that run are still as ADD left them. What it finds is logged and
 * nothing more: plugins are known to report faults where there are none.
 */
export async function checkNetworks({ store, cni }: SandboxContext): Promise<void> {
  for (const record of [...store]) {
    if (record.phase !== "ready" || !record.attached) continue;
    await cni.check(record).catch((error) => {
      if (record.phase === "ready") {
        log.warn("the network of a pod is not as it was", { pod_id: record.id, error: messageOf(error) });
      }
    });
  }
}

/** Gives back the pod's network, if it has or may have one. Pods that have none are left as they are. */
export async function detachNetwork(context: SandboxContext, record: PodSandboxRecord): Promise<void> {
  if (record.attached) await context.cni.remove(podAttachment(context, record));
}
