/** The processes of a cgroup and of the cgroups below it: who they are, killing them all, moving one in. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { childCgroups } from "./children.ts";
import { readCgroupFile } from "./files.ts";
import type { Cgroups } from "./hierarchy.ts";
import { cgroupFolder, cgroupFolders } from "./paths.ts";

/** The ids of all processes in cgroup `path` and below it; none where it does not exist. */
export function processesIn(cgroups: Cgroups, path: string): number[] {
  const folder = processFolder(cgroups, path);
  return folder === undefined ? [] : collect(folder);
}

/**
 * Kills every process in cgroup `path` and below it, by SIGKILL, and waits until they are gone.
 * Throws when some are still there after two seconds (a process in uninterruptible sleep).
 */
export async function killAll(cgroups: Cgroups, path: string): Promise<void> {
  const folder = processFolder(cgroups, path);
  if (folder === undefined || !existsSync(folder)) return;
  for (const delay of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]) {
    const before = collect(folder);
    if (before.length === 0) return;
    if (!killAtOnce(folder)) killFrozen(cgroups, path, folder);
    await sleep(delay);
  }
  const left = collect(folder);
  if (left.length > 0) throw new Error(`processes ${left.join(", ")} of cgroup ${path} survive SIGKILL`);
}

/**
 * Moves process `pid` into cgroup `path`, in every hierarchy that has it; on v2 a missing leaf is made. The
 * first write waits for every processor (6 to 17 ms measured), so it is done off the main thread; those that
 * follow at once take microseconds.
 */
export async function moveProcess(cgroups: Cgroups, path: string, pid: number): Promise<void> {
  const folders = cgroupFolders(cgroups, path);
  if (cgroups.version === "v2") for (const folder of folders) mkdirSync(folder, { recursive: true });
  const [first, ...others] = folders.filter((folder) => existsSync(folder));
  if (first === undefined) throw new Error(`no hierarchy has a cgroup ${path}`);
  await writeFile(join(first, "cgroup.procs"), String(pid));
  for (const folder of others) writeFileSync(join(folder, "cgroup.procs"), String(pid));
}

/** In v1 each hierarchy lists the processes; any that the runtime fills will do. */
function processFolder(cgroups: Cgroups, path: string): string | undefined {
  if (cgroups.version === "v2") return cgroupFolders(cgroups, path)[0];
  for (const controller of ["freezer", "pids", "memory", "devices", "cpu"]) {
    const folder = cgroupFolder(cgroups, controller, path);
    if (folder !== undefined) return folder;
  }
  return undefined;
}

function collect(folder: string): number[] {
  const pids = (readCgroupFile(folder, "cgroup.procs") ?? "").split("\n").filter(Boolean).map(Number);
  return childCgroups(folder).reduce((all, child) => all.concat(collect(child)), pids);
}

/** cgroup v2 since Linux 5.14 kills a whole tree in one step, forks included. */
function killAtOnce(folder: string): boolean {
  const file = join(folder, "cgroup.kill");
  if (!existsSync(file)) return false;
  writeFileSync(file, "1");
  return true;
}

/** Elsewhere: frozen first, so that none forks between the listing and the signals. */
function killFrozen(cgroups: Cgroups, path: string, folder: string): void {
  const thaw = freeze(cgroups, path);
  try {
    for (const pid of collect(folder)) killOne(pid);
  } finally {
    thaw();
  }
}

function freeze(cgroups: Cgroups, path: string): () => void {
  const v2 = cgroups.version === "v2";
  const folder = v2 ? cgroupFolders(cgroups, path)[0] : cgroupFolder(cgroups, "freezer", path);
  const file = folder && join(folder, v2 ? "cgroup.freeze" : "freezer.state");
  if (!file || !existsSync(file)) return () => {};
  writeFileSync(file, v2 ? "1" : "FROZEN");
  return () => writeFileSync(file, v2 ? "0" : "THAWED");
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
