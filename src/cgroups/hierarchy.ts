/** Which cgroup hierarchies this machine mounts (v1, hybrid or v2), and where the daemon itself sits in them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * v1: every controller in a hierarchy of its own. hybrid: the same, with an empty cgroup2 beside them. v2:
 * one hierarchy.
 */
export type CgroupVersion = "v1" | "hybrid" | "v2";

/** One mounted hierarchy. */
export interface CgroupHierarchy {
  /** Where it is mounted, for example `/sys/fs/cgroup/memory`. */
  readonly mount: string;
  /** Its controllers; a named v1 hierarchy has one, such as `name=systemd`. */
  readonly controllers: readonly string[];
  readonly unified: boolean;
  /** The daemon's own cgroup in it, from the mount's root. */
  readonly own: string;
}

/** The cgroups of this machine as they were found when the daemon started. */
export interface Cgroups {
  readonly version: CgroupVersion;
  readonly hierarchies: readonly CgroupHierarchy[];
  /** Whether the kernel limits swap per cgroup. */
  readonly limitsSwap: boolean;
}

/**
 * Reads the hierarchies from `process` (a folder such as /proc/self). Throws where no cgroup file system is
 * mounted.
 */
export function detectCgroups(process = "/proc/self"): Cgroups {
  const own = ownPaths(readFileSync(join(process, "cgroup"), "utf8"));
  const hierarchies: CgroupHierarchy[] = [];
  for (const mount of cgroupMounts(readFileSync(join(process, "mountinfo"), "utf8"))) {
    const controllers = mount.unified ? unifiedControllers(mount.path) : v1Controllers(mount.options);
    const key = mount.unified ? "" : (controllers[0] ?? "");
    if (hierarchies.some((known) => sameHierarchy(known, mount.unified, controllers))) continue;
    hierarchies.push({ mount: mount.path, controllers, unified: mount.unified, own: own.get(key) ?? "/" });
  }
  if (hierarchies.length === 0) throw new Error(`no cgroup file system is mounted (${process}/mountinfo)`);
  return { version: versionOf(hierarchies), hierarchies, limitsSwap: limitsSwap(hierarchies) };
}

interface CgroupMount {
  path: string;
  unified: boolean;
  options: string[];
}

function cgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before, after] = line.split(" - ");
    const path = before?.split(" ")[4];
    const [type, , options] = after?.split(" ") ?? [];
    if (path === undefined || (type !== "cgroup" && type !== "cgroup2")) continue;
    mounts.push({ path, unified: type === "cgroup2", options: options?.split(",") ?? [] });
  }
  return mounts;
}

const flags = new Set(["rw", "ro", "xattr", "clone_children", "cpuset_v2_mode", "noprefix", "favordynmods"]);

function v1Controllers(options: string[]): string[] {
  return options.filter((option) => !flags.has(option) && !option.startsWith("release_agent="));
}

function unifiedControllers(mount: string): string[] {
  try {
    return readFileSync(join(mount, "cgroup.controllers"), "utf8").split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

function sameHierarchy(known: CgroupHierarchy, unified: boolean, controllers: string[]): boolean {
  return known.unified === unified && (unified || known.controllers[0] === controllers[0]);
}

function ownPaths(cgroup: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of cgroup.split("\n")) {
    const [, controllers, ...path] = line.split(":");
    if (controllers === undefined) continue;
    for (const controller of controllers.split(",")) paths.set(controller, path.join(":"));
  }
  return paths;
}

function versionOf(hierarchies: CgroupHierarchy[]): CgroupVersion {
  const hasUnified = hierarchies.some((hierarchy) => hierarchy.unified);
  if (hierarchies.every((hierarchy) => hierarchy.unified)) return "v2";
  return hasUnified ? "hybrid" : "v1";
}

function limitsSwap(hierarchies: CgroupHierarchy[]): boolean {
  const memory = hierarchies.find((hierarchy) => hierarchy.controllers.includes("memory"));
  if (!memory) return false;
  if (!memory.unified) return existsSync(join(memory.mount, "memory.memsw.limit_in_bytes"));
  // The file is in every cgroup that has the controller but the root; the daemon's own need not have it.
  const { mount, own } = memory;
  const limited = (folder: string) => existsSync(join(folder, "memory.swap.max"));
  return limited(join(mount, own)) || subfolders(mount).some(limited);
}

function subfolders(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}
