/** A container as runtime and monitor know it, of a pod's containers and of pause containers alike. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { signalProcess } from "../linux/process.ts";
import type { ContainerContext, RuntimeHandler } from "./context.ts";
import type { CreateOptions, MonitoredContainer } from "./monitor.ts";
import type { Spec } from "./spec/types.ts";

/** The process and its monitor; both null once the runtime has deleted the container. */
export type Task = { [Key in keyof MonitoredContainer]: MonitoredContainer[Key] | null };

/** SIGKILL takes no longer, unless the process is in an uninterruptible sleep. */
const killPatienceMs = 30_000;

/** Writes the bundle and has the container created: its process waits for `runtime.start`. A failure leaves nothing but the folder. */
export async function createTask(
  { monitor }: RuntimeHandler,
  spec: Spec,
  options: CreateOptions,
): Promise<MonitoredContainer> {
  mkdirSync(options.bundle, { recursive: true });
  writeFileSync(join(options.bundle, "config.json"), JSON.stringify(spec));
  return monitor.createContainer(options);
}

/** Kills what runs of a container, waits for its end and has the runtime delete it. It may be half made, or gone already. */
export async function destroyTask(
  { exits }: ContainerContext,
  { runtime }: RuntimeHandler,
  id: string,
  { process, monitor }: Task,
): Promise<void> {
  if (process && signalProcess(process, constants.signals.SIGKILL)) {
    // The monitor writes the exit file as its last act; without one the runtime's own kill must do.
    await exits.wait(id, AbortSignal.timeout(killPatienceMs)).catch(() => undefined);
  }
  await runtime.delete(id, { force: true });
  if (monitor) signalProcess(monitor, constants.signals.SIGKILL);
  exits.forget(id);
}

/** Removes the folder of a bundle. */
export function removeBundle(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
