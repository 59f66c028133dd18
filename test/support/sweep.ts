/** Removes what a runtime that was killed, or a test that failed, left of one folder. */
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { unmount } from "../../src/linux/mount.ts";
import { isRunning, processesNaming, processesRootedIn } from "./processes.ts";

/** Mount points at or below `folder`, the deepest last. */
export function mountsBelow(folder: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .map((path) => path.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))))
    .filter((path) => path === folder || path.startsWith(`${folder}/`));
}

/**
 * Kills the processes of a folder's containers, monitors and shims, unmounts all below it and removes it.
 * A folder that no test made (its path has no name `critter-…`) is an error: "" would be every process, "/tmp/" other people's.
 */
export async function sweep(folder: string): Promise<void> {
  if (!/^\/(.*\/)?critter-[^/]+/.test(folder)) throw new Error(`no test made the folder "${folder}"`);
  const pids = [...processesRootedIn(folder), ...processesNaming(folder).map(({ pid }) => pid)];
  for (const pid of pids) kill(pid);
  await ended(pids);
  for (const path of mountsBelow(folder).reverse()) unmount(path);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** Waits until none of the processes runs, five seconds at most. */
async function ended(pids: number[]): Promise<void> {
  for (let tries = 0; tries < 100 && pids.some(isRunning); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
