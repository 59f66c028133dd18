/** A pod's network namespace whose pin somebody has unmounted. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { bindMount } from "../linux/mount.ts";
import { isNamespace } from "../linux/namespaces.ts";
import { isAlive } from "../linux/process.ts";
import { log } from "../log.ts";
import { pinnedNamespaces, type SandboxContext } from "./context.ts";
import type { PodSandboxRecord } from "./record.ts";

/** Pins it again, as long as the pause process holds it: without, plugins leave rules of the pod behind. */
export function pinNetworkAgain(context: SandboxContext, record: PodSandboxRecord): void {
  const { net } = pinnedNamespaces(context, record);
  const { process } = record;
  if (net === undefined || !process || isNamespace(net) || !isAlive(process)) return;
  try {
    mkdirSync(dirname(net), { recursive: true });
    writeFileSync(net, "");
    bindMount(`/proc/${process.pid}/ns/net`, net);
  } catch (error) {
    log.warn("a pod's network namespace cannot be pinned again", {
      pod_id: record.id,
      error: messageOf(error),
    });
  }
}
