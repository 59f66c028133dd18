/**
 * A cgroup of its own for each exec, below its container's: a child of it may fork twice, take a new session or clean its
 * environment and parentage, but not leave its cgroup (unless the container may write cgroups). So all of an exec can be killed. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { machineCgroups } from "../cgroups/machine.ts";
import { processesIn } from "../cgroups/processes.ts";
import { removeCgroup } from "../cgroups/remove.ts";
import { containerCgroup } from "./container-cgroup.ts";
import type { Runtime } from "./runtime.ts";

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
