/** The earlier states of critter whose folders must open: each change of what is kept has one that was made before it. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../cache.ts";

export interface Landed {
  commit: string;
  /** Number in its database; 0 before there were numbers. */
  schema: number;
  /** What it could do, and so what it may have left. */
  state: string;
}

export const LANDED: readonly Landed[] = [
  { commit: "3b6ca479902498e7e733e1004472c1a52d729574", schema: 0, state: "pods and containers" },
  { commit: "5d2acf82a3706b5278f89613a6e214ba22d8663d", schema: 0, state: "exec, attach and port-forward" },
  {
    commit: "b663284e707ae4eb4329d5469a0a76d8614c7de2",
    schema: 0,
    state: "artifacts, signatures, SELinux labels",
  },
  { commit: "68e768962eeee347c82fa5b4b66b7e7d5e69a75d", schema: 0, state: "statistics and metrics" },
];

const checkout = join(import.meta.dirname, "..", "..");

/** Whether this checkout has the history to run that version from; a shallow one has not. */
export function isInHistory({ commit }: Landed): boolean {
  return spawnSync("git", ["-C", checkout, "cat-file", "-e", `${commit}^{commit}`]).status === 0;
}

/** The program of that version, from the history, with this checkout's packages. */
export function earlierCritter({ commit }: Landed): string {
  const home = join(cacheDir(), "earlier", commit);
  if (!existsSync(home)) {
    const unfinished = `${home}.${process.pid}`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    const archive = execFileSync(
      "git",
      ["-C", checkout, "archive", commit, "bin", "src", "proto", "package.json"],
      {
        maxBuffer: 1 << 28,
      },
    );
    execFileSync("tar", ["-x", "-C", unfinished], { input: archive });
    renameSync(unfinished, home);
  }
  // The cache outlives checkouts.
  const packages = join(home, "node_modules");
  rmSync(packages, { force: true });
  symlinkSync(join(checkout, "node_modules"), packages);
  return join(home, "bin/critter");
}
