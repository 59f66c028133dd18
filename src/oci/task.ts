/** A container as runtime and monitor know it, of a pod's containers and of pause containers alike. */

import { mkdirSync } from "node:fs";
import { constants } from "node:os";
import type { Cgroups } from "../cgroups/hierarchy.ts";
import { cgroupFolders, type MonitorPlace, monitorPlace, type PodCgroup } from "../cgroups/paths.ts";
import { moveProcess } from "../cgroups/processes.ts";
import { removeCgroup } from "../cgroups/remove.ts";
import { machineSystemd } from "../cgroups/systemd.ts";
import { withFullDisk } from "../linux/full-disk.ts";
import { isAlive, signalProcess } from "../linux/process.ts";
import type { ProcessWatcher } from "../linux/process-watcher.ts";
import { writeBundle } from "./bundle.ts";
import type { ContainerContext, RuntimeHandler } from "./context.ts";
import { EXIT_FILE_MS } from "./exits.ts";
import { killProcess } from "./kill.ts";
import type { CreateOptions, MonitoredContainer } from "./monitor.ts";
import type { Task } from "./record.ts";
import type { Spec } from "./spec/types.ts";

/** SIGKILL takes no longer, unless the process is in an uninterruptible sleep. */
const killPatienceMs = 30_000;

/** The cgroup that the monitor of container `id` gets for itself, to be removed after it: on v2, where systemd does not do it; else empty. */
export function ownMonitorCgroup(
  { host }: ContainerContext,
  { config }: RuntimeHandler,
  pod: PodCgroup,
  id: string,
): string {
  const { version } = host.cgroups;
  const place = monitorPlace(version, pod, config.monitorCgroup, id);
  return version === "v2" && place && "path" in place ? place.path : "";
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
  writeBundle(options.bundle, spec);
  const { cgroups } = host;
  const place = monitorPlace(cgroups.version, pod, handler.config.monitorCgroup, options.id);
  const cgroup = place && ((monitorPid: number) => moveMonitor(cgroups, place, monitorPid, options.id));
  try {
    return await handler.monitor.createContainer({ ...options, cgroup });
  } catch (error) {
    throw withFullDisk(error, options.bundle);
  }
}

function moveMonitor(cgroups: Cgroups, place: MonitorPlace, pid: number, id: string): Promise<void> {
  if ("scope" in place) {
    const { scope: name, slice } = place;
    return machineSystemd().startScope({ name, slice, description: `monitor of container ${id}`, pid });
  }
  for (const folder of cgroupFolders(cgroups, place.path)) mkdirSync(folder, { recursive: true });
  return moveProcess(cgroups, place.path, pid);
}

/** Kills the first process of a container, if it runs, and waits for its end. */
export async function killTask(
  { exits, processes }: ContainerContext,
  { id, process, monitor }: Task & { id: string },
): Promise<void> {
  if (!process || !killProcess(process)) return;
  // The monitor writes the exit file as its last act; where it is dead the runtime's own kill, in `deleteTask`, must do.
  if (!monitor || !isAlive(monitor)) return;
  const over = new AbortController();
  const patience = setTimeout(() => over.abort(), killPatienceMs);
  // One that cannot write the file, as on a full disk, ends without.
  const ended = () => over.abort();
  Promise.try(() => processes.watch(monitor.pid)).then(ended, ended);
  // And one that hangs is not waited for longer than it may take to tell of an end.
  const late = () => void setTimeout(ended, EXIT_FILE_MS).unref();
  Promise.try(() => processes.watch(process.pid)).then(late, late);
  await exits.wait(id, over.signal).catch(() => undefined);
  clearTimeout(patience);
}

/** Has the runtime delete a container, which may be half made, or gone already, and takes what its monitor has left. */
export async function deleteTask(
  context: ContainerContext,
  { runtime }: RuntimeHandler,
  task: Task & { id: string },
): Promise<void> {
  await runtime.delete(task.id, { force: true });
  await deleteMonitor(context, task);
  context.exits.forget(task.id);
}

/** Ends the monitor, if it still runs, and takes away the cgroup that was made for it. */
export async function deleteMonitor(
  { host, processes }: ContainerContext,
  { monitor, monitorCgroup }: Task,
): Promise<void> {
  // Until it is gone it keeps the cgroup it is in, which may be the pod's, from being removed.
  if (monitor && signalProcess(monitor, constants.signals.SIGKILL)) await end(processes, monitor.pid);
  if (monitorCgroup) await removeCgroup(host.cgroups, monitorCgroup);
}

/** Waits for the end of a process that was killed. */
async function end(processes: ProcessWatcher, pid: number): Promise<void> {
  const { promise: stuck, resolve: giveUp } = Promise.withResolvers<void>();
  const patience = setTimeout(giveUp, killPatienceMs);
  await Promise.race([processes.watch(pid), stuck]);
  clearTimeout(patience);
}
