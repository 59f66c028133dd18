/** The pod's parent cgroup: made where the kubelet has not made it, and removed again if it was made here. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { log } from "../log.ts";
import type { CgroupHierarchy, Cgroups } from "./hierarchy.ts";
import type { PodCgroup } from "./paths.ts";
import { processesIn } from "./processes.ts";
import { removeIfFree } from "./remove.ts";
import { machineSystemd } from "./systemd.ts";

/**
 * Makes and removes pods' cgroups. One for the daemon: several pods may share a parent, so it remembers which
 * cgroups are its own. A slice systemd makes with its first scope; here it is only stopped.
 */
export class PodCgroups {
  readonly #cgroups: Cgroups;
  readonly #own = new Set<string>();

  constructor(cgroups: Cgroups) {
    this.#cgroups = cgroups;
  }

  /**
   * The paths, parents first, that are the daemon's own or will be once `create` has made them; none, if the kubelet made
   * them. Keep them with the pod before that, for `remove` and, after a crash, `adopt`.
   */
  plan(pod: PodCgroup): string[] {
    const paths = ancestry(pod.path);
    // The default parent is the daemon's even when a crash left it behind; with systemd it is the system's.
    if (pod.isDefault) return pod.manager === "systemd" ? [] : paths;
    return paths.filter((path) => this.#own.has(path) || !this.#existsAnywhere(path));
  }

  /** Makes `pod`'s cgroup in every hierarchy, with the controllers usable in it; slices come by themselves. Returns what `plan` does. */
  create(pod: PodCgroup): string[] {
    const planned = this.plan(pod);
    if (pod.manager === "cgroupfs") this.#make(pod, planned);
    this.adopt(planned);
    return planned;
  }

  #make(pod: PodCgroup, planned: readonly string[]): void {
    try {
      for (const hierarchy of this.#cgroups.hierarchies) makeFolder(this.#cgroups, hierarchy, pod.path);
    } catch (error) {
      for (const path of planned.toReversed()) if (!this.#own.has(path)) this.#removeFolders(path);
      throw error;
    }
  }

  /** Takes over, after a restart, the paths that `create` returned for a pod that still exists. */
  adopt(own: readonly string[]): void {
    for (const path of own) this.#own.add(path);
  }

  /** Whether the cgroup at `path` was made here. */
  isOwn(path: string): boolean {
    return this.#own.has(path);
  }

  /**
   * Removes those of the paths `create` returned that nobody uses any more; one in use stays for its last pod. A slice must be nobody
   * else's, not even planned for: systemd ends what is in it.
   */
  async remove(own: readonly string[]): Promise<void> {
    for (const path of own.toReversed()) {
      if (!this.#own.has(path)) continue;
      const gone = path.endsWith(".slice") ? await this.#stopSlice(path) : this.#removeFolders(path);
      if (!gone) return;
      this.#own.delete(path);
    }
  }

  #removeFolders(path: string): boolean {
    return this.#cgroups.hierarchies.filter(({ mount }) => !removeIfFree(join(mount, path))).length === 0;
  }

  async #stopSlice(path: string): Promise<boolean> {
    if (processesIn(this.#cgroups, path).length > 0) return false;
    await machineSystemd().stopSlice(posix.basename(path));
    return true;
  }

  #existsAnywhere(path: string): boolean {
    return this.#cgroups.hierarchies.some(({ mount }) => existsSync(join(mount, path)));
  }
}

/** `/a/b` → [`/a`, `/a/b`]. */
function ancestry(path: string): string[] {
  const parents: string[] = [];
  for (let at = path; at !== "/"; at = posix.dirname(at)) parents.unshift(at);
  return parents;
}

function makeFolder(cgroups: Cgroups, hierarchy: CgroupHierarchy, path: string): void {
  const folder = join(hierarchy.mount, path);
  if (path === "/" || existsSync(folder)) return;
  const parent = posix.dirname(path);
  makeFolder(cgroups, hierarchy, parent);
  if (cgroups.version === "v2") enableControllers(join(hierarchy.mount, parent));
  mkdirSync(folder);
  if (hierarchy.controllers.includes("cpuset") && !hierarchy.unified) inheritCpuset(folder);
}

/** cgroup v2: a child has only the controllers that its parent hands on in `cgroup.subtree_control`. */
function enableControllers(folder: string): void {
  const words = (name: string) => readFileSync(join(folder, name), "utf8").split(/\s+/).filter(Boolean);
  const enabled = new Set(words("cgroup.subtree_control"));
  const missing = words("cgroup.controllers").filter((controller) => !enabled.has(controller));
  for (const controller of missing) {
    try {
      writeFileSync(join(folder, "cgroup.subtree_control"), `+${controller}`);
    } catch (error) {
      log.warn("cgroup controller cannot be enabled", { folder, controller, error });
    }
  }
}

/** cgroup v1: a new cpuset is empty, and takes no process until it has cpus and mems. */
function inheritCpuset(folder: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    writeFileSync(join(folder, file), readFileSync(join(dirname(folder), file), "utf8").trim());
  }
}
