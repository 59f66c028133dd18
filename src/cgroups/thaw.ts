/** Frozen cgroups of v1, whose processes even SIGKILL does not end before they are thawed; v2 ends them as they are. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Cgroups } from "./hierarchy.ts";

const STATE = "freezer.state";
/** A container's cgroup and its pod's; what is frozen above is more than one pod. */
const LEVELS = 2;

/** Thaws the cgroup of process `pid` and the one above it, where they are frozen. A process that is gone is fine. */
export function thaw({ hierarchies }: Cgroups, pid: number): void {
  const freezer = hierarchies.find(({ controllers }) => controllers.includes("freezer"));
  if (!freezer) return;
  try {
    const path = /^\d+:freezer:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1];
    if (path === undefined) return;
    let folder = join(freezer.mount, path);
    for (let level = 0; level < LEVELS && folder !== freezer.mount; level++, folder = dirname(folder)) {
      if (readFileSync(join(folder, STATE), "utf8").trim() === "THAWED") return;
      writeFileSync(join(folder, STATE), "THAWED");
    }
  } catch (error) {
    if (!["ENOENT", "ENODEV", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
