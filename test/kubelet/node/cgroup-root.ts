/** The cgroup below which a kubelet under test keeps all of its pods: it must be there, with its controllers, before it starts. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { removeCgroups } from "../../support/cgroups.ts";
import { cgroupManager } from "../../support/daemon.ts";

const run = promisify(execFile);
const ROOT = "/sys/fs/cgroup";

/** Those of v2 that a kubelet must find in its root, and io. */
const CONTROLLERS = ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"];

/** Makes `cgroup` ("/name", or "/name.slice" with systemd) and answers its name as the kubelet's `cgroupRoot` writes it. */
export async function makeCgroupRoot(cgroup: string): Promise<string> {
  if (cgroupManager === "systemd") await run("systemctl", ["start", basename(cgroup)]);
  if (existsSync(join(ROOT, "cgroup.controllers"))) makeUnified(cgroup);
  else for (const hierarchy of hierarchies()) makeLegacy(hierarchy, cgroup);
  return cgroup.replace(/\.slice$/, "");
}

/** Removes a cgroup and those below it; systemd forgets the slice. */
export async function removeSlice(cgroup: string): Promise<void> {
  // It fails where systemd has forgotten it already.
  if (cgroupManager === "systemd") await run("systemctl", ["stop", basename(cgroup)]).catch(() => {});
  removeCgroups(cgroup);
}

function hierarchies(): string[] {
  const folders = readdirSync(ROOT).map((name) => join(ROOT, name));
  return folders.filter((folder) => existsSync(join(folder, "cgroup.procs")));
}

function makeUnified(cgroup: string): void {
  const there = readFileSync(join(ROOT, "cgroup.controllers"), "utf8").trim().split(" ");
  const all = CONTROLLERS.filter((name) => there.includes(name))
    .map((name) => `+${name}`)
    .join(" ");
  writeFileSync(join(ROOT, "cgroup.subtree_control"), all);
  mkdirSync(join(ROOT, cgroup), { recursive: true });
  writeFileSync(join(ROOT, cgroup, "cgroup.subtree_control"), all);
}

function makeLegacy(hierarchy: string, cgroup: string): void {
  mkdirSync(join(hierarchy, cgroup), { recursive: true });
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if (!existsSync(join(hierarchy, file))) continue;
    writeFileSync(join(hierarchy, cgroup, file), readFileSync(join(hierarchy, file)));
  }
}
