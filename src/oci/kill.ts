/** SIGKILL for a container's first process. */
import { constants } from "node:os";
import { machineCgroups } from "../cgroups/machine.ts";
import { thaw } from "../cgroups/thaw.ts";
import { type ProcessIdentity, signalProcess } from "../linux/process.ts";

/** Kills it, frozen or not. False when it is gone. */
export function killProcess(process: ProcessIdentity): boolean {
  if (!signalProcess(process, constants.signals.SIGKILL)) return false;
  thaw(machineCgroups(), process.pid);
  return true;
}
