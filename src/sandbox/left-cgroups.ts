/** Cgroups of containers that their runtime has deleted, and no more than that, when the daemon was killed. */
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
  const { host } = context.containers;
  for (const path of new Set([...context.store].map((record) => parentOf(context, record)))) {
    const names = cgroupFolders(host.cgroups, path).flatMap((folder) =>
      childCgroups(folder).map((child) => basename(child)),
    );
    for (const id of new Set(names)) {
      const cgroup = join(path, id);
      if (!/^[0-9a-f]{64}$/.test(id) || isKnown(context, id) || processesIn(host.cgroups, cgroup).length > 0)
        continue;
      await removeCgroup(host.cgroups, cgroup).catch((error) =>
        log.warn("a cgroup that a killed daemon has left remains", { cgroup, error: messageOf(error) }),
      );
    }
  }
}

function parentOf({ containers }: SandboxContext, { config }: PodSandboxRecord): string {
  return podCgroup(containers.config.runtime.cgroupManager, config.linux?.cgroupParent ?? "").path;
}

function isKnown({ containers }: SandboxContext, id: string): boolean {
  return [...containers.handlers.values()].some(({ runtime }) => existsSync(join(runtime.root, id)));
}
