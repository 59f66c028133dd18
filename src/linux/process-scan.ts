/** Looks through /proc for processes that nobody remembers: what a daemon that was killed had under way. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ProcessIdentity, processIdentity } from "./process.ts";

export interface ScannedProcess {
  identity: ProcessIdentity;
  args: string[];
  /** `NAME=VALUE` each, as the process was started with. */
  environment: string[];
}

/** Every process but the kernel's own threads. Takes about 20 µs a process: for the start, not for every request. */
export function scanProcesses(): ScannedProcess[] {
  const found: ScannedProcess[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const args = strings(join("/proc", name, "cmdline"));
    const identity = args.length > 0 ? processIdentity(Number(name)) : undefined;
    if (identity) found.push({ identity, args, environment: strings(join("/proc", name, "environ")) });
  }
  return found;
}

/** The zero-terminated strings of a file; none when the process is gone meanwhile. */
function strings(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}
