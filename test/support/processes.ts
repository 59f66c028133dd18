/** Processes of this machine, by what /proc says of them. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessEntry {
  pid: number;
  /** Name of the program, without folders. */
  program: string;
  args: string[];
}

/** All processes that have a command line (threads of the kernel have none). */
export function processes(): ProcessEntry[] {
  const found: ProcessEntry[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const args = read(`/proc/${name}/cmdline`)?.split("\0").slice(0, -1);
    if (!args?.[0]) continue;
    found.push({ pid: Number(name), program: args[0].split("/").at(-1)!, args });
  }
  return found;
}

/** Processes one of whose arguments names something in `folder`: monitors, shims, runtimes and daemons do. */
export function processesNaming(folder: string): ProcessEntry[] {
  return processes().filter(({ pid, args }) => {
    return pid !== process.pid && args.some((arg) => arg.includes(folder));
  });
}

/** Pids of the processes whose root filesystem is an overlay with its upper layer in `folder`: those of its containers. */
export function processesRootedIn(folder: string): number[] {
  return processes()
    .map(({ pid }) => pid)
    .filter((pid) => {
      const root = read(`/proc/${pid}/mountinfo`)
        ?.split("\n")
        .find((line) => line.split(" ")[4] === "/");
      return root?.includes(`upperdir=${folder}/`);
    });
}

/** Whether a process exists and is no zombie. */
export function isRunning(pid: number): boolean {
  const state = read(`/proc/${pid}/stat`)?.replace(/^.*\) /s, "")[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
