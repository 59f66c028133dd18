/** Cgroups of containers that their runtime knows no longer: the daemon was killed as it deleted them, or its record is lost. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { childCgroups } from "../cgroups/children.ts";
import { cgroupFolders, podCgroup } from "../cgroups/paths.ts";
import { processesIn } from "../cgroups/processes.ts";
import { removeCgroup } from "../cgroups/remove.ts";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import type { SandboxContext } from "./context.ts";
import type { PodSandboxRecord } from "./record.ts";

/** Removes those in pods' cgroups that no runtime knows and nothing runs in: a pod's own cgroup could not go before them. */
export async function removeLeftCgroups(context: SandboxContext): Promise<void> {
  for (const path of new Set([...context.store].map((record) => parentOf(context, record))))
    await removeLeftIn(context, path);
}

/** The same in the cgroup of a pod that goes, unless others share it: its runtime may have lost its own record of a container. */
export async function removePodsLeftCgroups(
  context: SandboxContext,
  record: PodSandboxRecord,
): Promise<void> {
  const path = parentOf(context, record);
  const isShared = [...context.store].some((other) => other !== record && parentOf(context, other) === path);
  if (!isShared) await removeLeftIn(context, path);
}

async function removeLeftIn(context: SandboxContext, path: string): Promise<void> {
  const { host } = context.containers;
  const names = cgroupFolders(host.cgroups, path).flatMap((folder) =>
    childCgroups(folder).map((child) => basename(child)),
  );
  for (const id of new Set(names)) {
    const cgroup = join(path, id);
    if (!/^[0-9a-f]{64}$/.test(id) || isKnown(context, id) || processesIn(host.cgroups, cgroup).length > 0)
      continue;
    await removeCgroup(host.cgroups, cgroup).catch((error) =>
      log.warn("a container's cgroup that nobody knows remains", { cgroup, error: messageOf(error) }),
    );
  }
}

function parentOf({ containers }: SandboxContext, { config }: PodSandboxRecord): string {
  return podCgroup(containers.config.runtime.cgroupManager, config.linux?.cgroupParent ?? "").path;
}

function isKnown({ containers }: SandboxContext, id: string): boolean {
  return [...containers.handlers.values()].some(({ runtime }) => existsSync(join(runtime.root, id)));
}
