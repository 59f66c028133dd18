/** A container as runtime and monitor know it, of a pod's containers and of pause containers alike. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { cgroupFolders, monitorCgroupPath, type PodCgroup } from "../cgroups/paths.ts";
import { moveProcess } from "../cgroups/processes.ts";
import { removeCgroup } from "../cgroups/remove.ts";
import { isAlive, signalProcess } from "../linux/process.ts";
import type { ContainerContext, RuntimeHandler } from "./context.ts";
import type { CreateOptions, MonitoredContainer } from "./monitor.ts";
import type { Task } from "./record.ts";
import type { Spec } from "./spec/types.ts";

/** SIGKILL takes no longer, unless the process is in an uninterruptible sleep. */
const killPatienceMs = 30_000;

/** The cgroup that the monitor of container `id` gets for itself: on v2 only, where one with children holds no processes; else empty. */
export function ownMonitorCgroup(
  { host }: ContainerContext,
  { config }: RuntimeHandler,
  pod: PodCgroup,
  id: string,
): string {
  const { version } = host.cgroups;
  if (version !== "v2") return "";
  return monitorCgroupPath(version, pod, config.monitorCgroup, id) ?? "";
}

/**
 * Writes the bundle and has the container created: its process waits for `runtime.start`. The monitor goes into the cgroup that
 * `monitor_cgroup` names. A failure leaves nothing but the folder, and the monitor's cgroup for `deleteTask`.
 */
export async function createTask(
  { host }: ContainerContext,
  handler: RuntimeHandler,
  pod: PodCgroup,
  spec: Spec,
  options: CreateOptions,
): Promise<MonitoredContainer> {
  mkdirSync(options.bundle, { recursive: true });
  writeFileSync(join(options.bundle, "config.json"), JSON.stringify(spec));
  const created = await handler.monitor.createContainer(options);
  const { version } = host.cgroups;
  const cgroup = monitorCgroupPath(version, pod, handler.config.monitorCgroup, options.id);
  if (cgroup === undefined) return created;
  for (const folder of cgroupFolders(host.cgroups, cgroup)) mkdirSync(folder, { recursive: true });
  // Right after the runtime has moved the container, another move is quick.
  await moveProcess(host.cgroups, cgroup, created.monitor.pid);
  return created;
}

/** Kills the first process of a container, if it runs, and waits for its end. */
export async function killTask(
  { exits }: ContainerContext,
  { id, process, monitor }: Task & { id: string },
): Promise<void> {
  if (!process || !signalProcess(process, constants.signals.SIGKILL)) return;
  // The monitor writes the exit file as its last act; where it is dead the runtime's own kill, in `deleteTask`, must do.
  if (monitor && isAlive(monitor)) {
    await exits.wait(id, AbortSignal.timeout(killPatienceMs)).catch(() => undefined);
  }
}

/** Has the runtime delete a container, which may be half made, or gone already, and takes what its monitor has left. */
export async function deleteTask(
  { exits, host }: ContainerContext,
  { runtime }: RuntimeHandler,
  { id, monitor, monitorCgroup }: Task & { id: string },
): Promise<void> {
  await runtime.delete(id, { force: true });
  if (monitor) signalProcess(monitor, constants.signals.SIGKILL);
  if (monitorCgroup) await removeCgroup(host.cgroups, monitorCgroup);
  exits.forget(id);
}

/** Removes the folder of a bundle. */
export function removeBundle(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
