/** Where a pod's cgroups are: the CRI's cgroup_parent, the OCI cgroupsPath, and the folders to read. */
import { posix } from "node:path";
import { checkPath } from "../cri/checked-fields.ts";
import { invalidArgument } from "../cri/status-error.ts";
import type { CgroupHierarchy, Cgroups } from "./hierarchy.ts";

/** crio.conf's `cgroup_manager`: who makes cgroups, the runtime itself or systemd. */
export type CgroupManager = "cgroupfs" | "systemd";

/** A pod's cgroup: parent of its containers' and of its pause container's. */
export interface PodCgroup {
  readonly manager: CgroupManager;
  /** For systemd the slice's name (`kubepods-pod1.slice`), for cgroupfs the path. */
  readonly name: string;
  /** Its path in every hierarchy, absolute. */
  readonly path: string;
  /** Whether the request named none, so that it is the daemon's own default. */
  readonly isDefault: boolean;
}

const prefix = "critter";
const field = "linux.cgroup_parent";

/**
 * The pod's cgroup for a sandbox's `linux.cgroup_parent`. Empty means `/critter` (cgroupfs) or `system.slice`
 * (systemd). INVALID_ARGUMENT when the parent's form is not the manager's.
 */
export function podCgroup(manager: CgroupManager, cgroupParent: string): PodCgroup {
  const isDefault = cgroupParent === "";
  if (/[\0\n:]/.test(cgroupParent) || cgroupParent.split("/").includes("..")) {
    throw invalidArgument(field, cgroupParent, "it must be a path without '..', ':' and control characters");
  }
  checkPath(field, cgroupParent);
  if (manager === "systemd") {
    const name = isDefault ? "system.slice" : sliceName(cgroupParent);
    return { manager, name, path: slicePath(name), isDefault };
  }
  const path = posix.resolve("/", isDefault ? prefix : cgroupParent);
  if (path.endsWith(".slice")) {
    throw invalidArgument(field, cgroupParent, "a slice, while cgroup_manager is cgroupfs");
  }
  if (path === "/")
    throw invalidArgument(field, cgroupParent, "containers cannot be put into the root cgroup");
  return { manager, name: path, path, isDefault };
}

/** The `linux.cgroupsPath` of the OCI spec for container (or sandbox) `id`: `/parent/ID` or `slice:critter:ID`. */
export function ociCgroupsPath(pod: PodCgroup, id: string): string {
  return pod.manager === "systemd" ? `${pod.name}:${prefix}:${id}` : posix.join(pod.path, id);
}

/** The cgroup in which the runtime puts container (or sandbox) `id`, absolute in every hierarchy. */
export function containerCgroupPath(pod: PodCgroup, id: string): string {
  return posix.join(pod.path, pod.manager === "systemd" ? `${prefix}-${id}.scope` : id);
}

/** Where a monitor goes: a cgroup that is made for it or was there, or a scope that systemd makes. */
export type MonitorPlace = { path: string } | { scope: string; slice: string };

/**
 * The place that crio.conf's `monitor_cgroup` means for the monitor of container `id`: "" leaves it in the daemon's (undefined), "pod"
 * is the pod's, anything else a slice. Below a slice only systemd may put processes, and only into units of theirs. On v2 a
 * cgroup with children holds no process, so the monitor gets a child there.
 */
export function monitorPlace(
  version: Cgroups["version"],
  pod: PodCgroup,
  monitorCgroup: string,
  id: string,
): MonitorPlace | undefined {
  if (monitorCgroup === "") return undefined;
  const name = `${prefix}-conmon-${id}`;
  if (pod.manager === "systemd") {
    return { scope: `${name}.scope`, slice: monitorCgroup === "pod" ? pod.name : monitorCgroup };
  }
  return { path: version === "v2" ? posix.join(pod.path, name) : pod.path };
}

/** The folder of cgroup `path` in the hierarchy of `controller`, or undefined where the kernel lacks that. */
export function cgroupFolder(cgroups: Cgroups, controller: string, path: string): string | undefined {
  const hierarchy = cgroups.hierarchies.find((one) => one.controllers.includes(controller));
  return hierarchy && folderIn(hierarchy, path);
}

/** The folders of cgroup `path`, one a hierarchy, whether they exist or not. */
export function cgroupFolders(cgroups: Cgroups, path: string): string[] {
  return cgroups.hierarchies.map((hierarchy) => folderIn(hierarchy, path));
}

/** Both are normal, so that it need not be found out for each of many figures. */
function folderIn({ mount }: CgroupHierarchy, path: string): string {
  return path === "/" ? mount : mount + path;
}

/**
 * The path of a systemd slice: `a-b.slice` is `/a.slice/a-b.slice`, for a dash separates parent from child
 * (systemd.slice(5)).
 */
export function slicePath(slice: string): string {
  if (slice === "-.slice") return "/";
  const parts = slice.slice(0, -".slice".length).split("-");
  return `/${parts.map((_, depth) => `${parts.slice(0, depth + 1).join("-")}.slice`).join("/")}`;
}

/** The kubelet sends the whole path; the slice's own name says it all, and what else is said must be the same. */
function sliceName(cgroupParent: string): string {
  const name = posix.basename(cgroupParent);
  const form = /^(-|[A-Za-z0-9_.\\@]+(-[A-Za-z0-9_.\\@]+)*)\.slice$/;
  if (!form.test(name)) {
    throw invalidArgument(field, cgroupParent, "not the name of a slice, while cgroup_manager is systemd");
  }
  const path = slicePath(name);
  if (cgroupParent.includes("/") && posix.resolve("/", cgroupParent) !== path) {
    throw invalidArgument(field, cgroupParent, `the slice ${name} is ${path}`);
  }
  return name;
}
