/** The cgroup below which a kubelet under test keeps all of its pods: it must be there, with every controller, before it starts. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { cgroupManager } from "../../support/daemon.ts";

const run = promisify(execFile);
const ROOT = "/sys/fs/cgroup";

/** Makes `cgroup` ("/name", or "/name.slice" with systemd) and answers its name as the kubelet's `cgroupRoot` writes it. */
export async function makeCgroupRoot(cgroup: string): Promise<string> {
  if (cgroupManager === "systemd") await run("systemctl", ["start", basename(cgroup)]);
  if (existsSync(join(ROOT, "cgroup.controllers"))) makeUnified(cgroup);
  else for (const hierarchy of hierarchies()) makeLegacy(hierarchy, cgroup);
  return cgroup.replace(/\.slice$/, "");
}

/** Lets systemd forget the slice. */
export async function forgetCgroupRoot(cgroup: string): Promise<void> {
  if (cgroupManager === "systemd") await run("systemctl", ["stop", basename(cgroup)]);
}

/** A folder may stand there that nothing is mounted on. */
function hierarchies(): string[] {
  const folders = readdirSync(ROOT).map((name) => join(ROOT, name));
  return folders.filter((folder) => existsSync(join(folder, "cgroup.procs")));
}

function makeUnified(cgroup: string): void {
  const controllers = readFileSync(join(ROOT, "cgroup.controllers"), "utf8").trim().split(" ");
  const all = controllers.map((name) => `+${name}`).join(" ");
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
