/** No quota of processor time any more: crun's update passes over one of -1, which the kubelet asks for. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sliceProperties } from "../cgroups/slice-limits.ts";
import { machineSystemd } from "../cgroups/systemd.ts";
import { containerCgroup } from "./container-cgroup.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Takes the quota away from the cgroup of container `id` on cgroup v2 where the runtime has left one, and from the scope around it: crun has
 * the container in a cgroup below its scope, and systemd would put back what it knows of.
 */
export async function liftCpuQuota(runtime: Runtime, id: string): Promise<void> {
  const { controller, folder } = containerCgroup(runtime, id);
  if (controller !== "") return;
  const above = dirname(folder);
  const folders = isScope(above) ? [above, folder] : [folder];
  const files = folders.map((path) => join(path, "cpu.max")).filter(isLimited);
  if (files.length === 0) return;
  const scope = folders.find(isScope);
  if (scope) await machineSystemd().limitUnit(basename(scope), sliceProperties("v2", { cpu: { quota: -1 } }));
  for (const file of files) writeFileSync(file, "max");
}

function isScope(folder: string): boolean {
  return folder.endsWith(".scope");
}

function isLimited(file: string): boolean {
  return !readFileSync(file, "utf8").startsWith("max");
}
