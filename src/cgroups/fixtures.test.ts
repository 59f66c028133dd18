/** A machine for tests: cgroup hierarchies as folders, with the files that a test puts there. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { CgroupHierarchy, Cgroups } from "./hierarchy.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-cgroup-fixtures-"));
after(() => rmSync(folder, { recursive: true }));

export type Files = Record<string, string | number>;

/**
 * A machine whose cgroup `/pod` has these files, by controllers. The hierarchy of "" is a cgroup2 without controllers,
 * "unified" is the one of v2.
 */
export function machine(hierarchies: Record<string, Files>): Cgroups {
  const mounts = Object.entries(hierarchies).map(([controllers, files]): CgroupHierarchy => {
    const mount = mkdtempSync(join(folder, "hierarchy-"));
    mkdirSync(join(mount, "pod"));
    for (const [name, value] of Object.entries(files)) writeFileSync(join(mount, "pod", name), `${value}\n`);
    const unified = controllers === "" || controllers === "unified";
    const names =
      controllers === "unified"
        ? ["cpu", "io", "memory", "pids", "hugetlb"]
        : controllers.split(",").filter(Boolean);
    return { mount, controllers: names, unified, own: "/" };
  });
  const version = "unified" in hierarchies ? "v2" : "" in hierarchies ? "hybrid" : "v1";
  return { version, hierarchies: mounts, limitsSwap: true };
}
