/** Which containers are in which pod, and which pods share a cgroup: found once for all pods of an answer. */
import type { ContainerRecord } from "../oci/record.ts";
import type { StatsContext } from "./context.ts";

export interface Overview {
  /** By pod sandbox id; a pod without running containers is absent. */
  running: ReadonlyMap<string, ContainerRecord[]>;
  /** Values of `linux.cgroup_parent` that more than one pod has. */
  sharedParents: ReadonlySet<string>;
}

export function overviewOf({
  containers,
  sandboxes,
}: Pick<StatsContext, "containers" | "sandboxes">): Overview {
  const running = new Map<string, ContainerRecord[]>();
  for (const record of containers.store) {
    if (record.phase !== "running") continue;
    const siblings = running.get(record.podSandboxId);
    if (siblings) siblings.push(record);
    else running.set(record.podSandboxId, [record]);
  }
  const parents = new Set<string>();
  const sharedParents = new Set<string>();
  for (const { config } of sandboxes.store) {
    const parent = config.linux?.cgroupParent ?? "";
    if (parents.has(parent)) sharedParents.add(parent);
    parents.add(parent);
  }
  return { running, sharedParents };
}
