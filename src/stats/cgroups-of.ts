/** Where the cgroups of a pod and of its containers are. */
import { containerCgroupPath, type PodCgroup, podCgroup } from "../cgroups/paths.ts";
import { StatusError } from "../cri/status-error.ts";
import type { PodSandboxRecord } from "../sandbox/record.ts";
import type { StatsContext } from "./context.ts";
import type { Overview } from "./overview.ts";

/** Path of the cgroup in which container (or pause container) `id` of the pod runs. */
export function containerCgroup(
  context: Pick<StatsContext, "containers">,
  sandbox: PodSandboxRecord,
  id: string,
): string | undefined {
  const parent = parentCgroup(context, sandbox);
  return parent && containerCgroupPath(parent, id);
}

/** Path of the pod's cgroup; undefined when others are in it too, so that its figures are not the pod's. */
export function ownPodCgroup(
  context: StatsContext,
  sandbox: PodSandboxRecord,
  { sharedParents }: Overview,
): string | undefined {
  if (sharedParents.has(sandbox.config.linux?.cgroupParent ?? "")) return undefined;
  const parent = parentCgroup(context, sandbox);
  return parent?.isDefault ? undefined : parent?.path;
}

/** Undefined for a pod made under the other cgroup_manager, before the configuration was changed. */
function parentCgroup(
  { containers }: Pick<StatsContext, "containers">,
  { config }: PodSandboxRecord,
): PodCgroup | undefined {
  try {
    return podCgroup(containers.config.runtime.cgroupManager, config.linux?.cgroupParent ?? "");
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}
