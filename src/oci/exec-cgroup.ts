/**
 * A cgroup of its own for each exec, below its container's: a child of it may fork twice, take a new session or clean its
 * environment and parentage, but not leave its cgroup (unless the container may write cgroups). So all of an exec can be killed. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { machineCgroups } from "../cgroups/machine.ts";
import { processesIn } from "../cgroups/processes.ts";
import { removeCgroup } from "../cgroups/remove.ts";
import type { Runtime } from "./runtime.ts";
import { RuntimeError } from "./runtime-error.ts";

/** In v1 one hierarchy is enough. These in the order in which `processesIn` looks: freezer lets a kill outrun forks. */
const controllers = ["freezer", "pids", "memory", "devices", "cpu"];

/** The cgroup of one exec. */
export class ExecCgroup {
  /** The value of the runtime's `exec --cgroup` (runc since 1.1, crun). */
  readonly argument: string;
  readonly #parent: string;
  readonly #folder: string;
  readonly #path: string;

  /** Makes the cgroup `name` below that of container `id`. Throws RuntimeError when the runtime has no such container. */
  constructor(runtime: Runtime, id: string, name: string) {
    const { controller, mount, folder } = containerCgroup(runtime, id);
    this.argument = controller ? `${controller}:${name}` : name;
    this.#parent = folder;
    this.#folder = join(folder, name);
    this.#path = `/${relative(mount, this.#folder)}`;
    mkdirSync(this.#folder);
  }

  /** The processes that the exec has now. */
  get processes(): number[] {
    return processesIn(machineCgroups(), this.#path);
  }

  /** Removes the cgroup after an orderly end; a process that the exec left running becomes one of the container's. */
  async release(): Promise<void> {
    // One that is about to end can neither be moved nor is it gone yet.
    for (const delay of [0, 1, 4, 16, 64, 256]) {
      if (delay > 0) await sleep(delay);
      if (this.#remove()) return;
      for (const pid of this.processes) this.#moveUp(pid);
      if (this.#remove()) return;
    }
    // What is still there then goes with the container's own cgroup.
  }

  /** Kills every process of the exec and removes the cgroup, so that none can join it any more. Throws when one survives. */
  async kill(): Promise<void> {
    await removeCgroup(machineCgroups(), this.#path);
  }

  #remove(): boolean {
    try {
      rmdirSync(this.#folder);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT";
    }
  }

  #moveUp(pid: number): void {
    try {
      writeFileSync(join(this.#parent, "cgroup.procs"), String(pid));
    } catch {
      // It is gone, or the container has made its cgroup an inner one: then it stays where it is.
    }
  }
}

/** Kills what still runs of container `id`'s execs called `names`, and removes their cgroups. Throws when something survives. */
export async function killExecs(runtime: Runtime, id: string, names: readonly string[]): Promise<void> {
  const { mount, folder } = containerCgroup(runtime, id);
  const left = names.map((name) => join(folder, name)).filter((path) => existsSync(path));
  for (const path of left) await removeCgroup(machineCgroups(), `/${relative(mount, path)}`);
}

interface ContainerCgroup {
  /** Of the hierarchy, in v1; else empty. */
  controller: string;
  /** Where the hierarchy is mounted. */
  mount: string;
  folder: string;
}

function containerCgroup(runtime: Runtime, id: string): ContainerCgroup {
  const { version, hierarchies } = machineCgroups();
  const paths = containerCgroups(runtime, id);
  const controller = version === "v2" ? "" : (controllers.find((one) => paths.has(one)) ?? "");
  const path = paths.get(controller);
  const hierarchy = hierarchies.find((one) =>
    controller ? one.controllers.includes(controller) : one.unified,
  );
  if (!path || !hierarchy) throw new RuntimeError(`${runtime.name} exec`, `container ${id} has no cgroup`);
  const { mount } = hierarchy;
  return { controller, mount, folder: join(mount, relative(mount, path)) };
}

/** The folders of a container's cgroups by controller ("" for cgroup v2), from the runtime's own record of it. */
function containerCgroups({ root, name }: Runtime, id: string): Map<string, string> {
  const runc = readJson(join(root, id, "state.json"));
  if (runc) return new Map(Object.entries(runc.cgroup_paths as Record<string, string>));
  const crun = readJson(join(root, id, "status"));
  if (crun) return new Map([["", join("/sys/fs/cgroup", String(crun["cgroup-path"]))]]);
  throw new RuntimeError(`${name} exec`, "container does not exist");
}

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
