/** What processes hold open, and how much one may: from proc(5). */
import { readdirSync, readlinkSync } from "node:fs";
import { readKernelFile } from "../linux/kernel-file.ts";
import { Slices } from "../slices.ts";

export interface OpenFiles {
  descriptors: number;
  /** Those of the descriptors that are sockets. */
  sockets: number;
}

/**
 * What the processes have open, all together; one that is gone has nothing. A descriptor takes some 4 µs, so it is done in slices: hand
 * over yours, when this is part of longer work.
 */
export async function openFilesOf(pids: Iterable<number>, slices = new Slices()): Promise<OpenFiles> {
  const open = { descriptors: 0, sockets: 0 };
  for (const pid of pids) {
    const folder = `/proc/${pid}/fd`;
    for (const name of unlessGone(() => readdirSync(folder)) ?? []) {
      const target = unlessGone(() => readlinkSync(`${folder}/${name}`));
      if (target === undefined) continue;
      open.descriptors += 1;
      if (target.startsWith("socket:")) open.sockets += 1;
      if (slices.isOver) await slices.next();
    }
  }
  return open;
}

/**
 * The soft limits of a process by the kernel's names in lower case (`max open files`), -1 for no limit; none when it is
 * gone.
 */
export function softLimitsOf(pid: number): Map<string, number> {
  const limits = new Map<string, number>();
  const text = readKernelFile(`/proc/${pid}/limits`) ?? "";
  for (const line of text.split("\n").slice(1)) {
    const [, name, soft] = /^(\S.*?) {2,}(\S+)/.exec(line) ?? [];
    if (name) limits.set(name.toLowerCase(), soft === "unlimited" ? -1 : Number(soft));
  }
  return limits;
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
