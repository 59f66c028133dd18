/** Where the cgroups of a container are, by the runtime's own record of it. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { machineCgroups } from "../cgroups/machine.ts";
import { removeCgroup } from "../cgroups/remove.ts";
import type { Runtime } from "./runtime.ts";
import { RuntimeError } from "./runtime-error.ts";
import { recordedCgroups } from "./runtime-record.ts";

/** A container's cgroup in one hierarchy. */
export interface ContainerCgroup {
  /** Of the hierarchy, in v1; else empty. */
  controller: string;
  /** Where the hierarchy is mounted. */
  mount: string;
  folder: string;
}

/** In v1 one hierarchy is enough. These in the order in which `processesIn` looks: freezer lets a kill outrun forks. */
const processControllers = ["freezer", "pids", "memory", "devices", "cpu"];

/**
 * The cgroup of container `id`: on v2 the one, on v1 that of the first of `controllers` (by default, of one whose processes can be listed)
 * that the machine has. Throws RuntimeError where there is none.
 */
export function containerCgroup(
  runtime: Runtime,
  id: string,
  controllers: readonly string[] = processControllers,
): ContainerCgroup {
  const { version, hierarchies } = machineCgroups();
  const paths = recordedCgroups(runtime, id);
  const controller = version === "v2" ? "" : (controllers.find((one) => paths.has(one)) ?? "");
  const path = paths.get(controller);
  const hierarchy = hierarchies.find((one) =>
    controller ? one.controllers.includes(controller) : one.unified,
  );
  if (!path || !hierarchy) throw new RuntimeError(runtime.name, `container ${id} has no cgroup`);
  const { mount } = hierarchy;
  return { controller, mount, folder: join(mount, relative(mount, path)) };
}

/**
 * What removes the cgroups of container `id` that are left once the runtime has deleted it: runc gives up on a cgroup that stays busy for
 * 0.3 s (dead processes that nobody has reaped), says that it succeeded, and knows the container no longer.
 */
export function cgroupRemoval(runtime: Runtime, id: string): () => Promise<void> {
  const folders = foldersOf(runtime, id);
  return async () => {
    const left = folders.filter((folder) => existsSync(folder));
    const { hierarchies } = machineCgroups();
    const paths = left.flatMap((folder) => {
      const mount = hierarchies.find((hierarchy) => folder.startsWith(`${hierarchy.mount}/`))?.mount;
      return mount === undefined ? [] : `/${relative(mount, folder)}`;
    });
    for (const path of new Set(paths)) await removeCgroup(machineCgroups(), path);
  };
}

/** None where the runtime does not know the container, or has not got so far with it. */
function foldersOf(runtime: Runtime, id: string): string[] {
  try {
    return [...recordedCgroups(runtime, id).values()];
  } catch {
    return [];
  }
}
