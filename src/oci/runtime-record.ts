/** The record that a runtime keeps of a container for itself: runc's state.json, crun's status. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { log } from "../log.ts";
import type { Runtime } from "./runtime.ts";
import { RuntimeError } from "./runtime-error.ts";

/**
 * The folders of a container's cgroups by controller ("" for cgroup v2). Throws RuntimeError where the runtime does not know the
 * container, SyntaxError or TypeError where its record is rubbish.
 */
export function recordedCgroups({ root, name }: Runtime, id: string): Map<string, string> {
  const runc = readJson(join(root, id, "state.json"));
  if (runc) return new Map(Object.entries(runc.cgroup_paths as Record<string, string>));
  const crun = readJson(join(root, id, "status"));
  if (crun) return new Map([["", join("/sys/fs/cgroup", String(crun["cgroup-path"]))]]);
  throw new RuntimeError(name, "container does not exist");
}

/** Throws a record away that is rubbish: the runtime itself refuses to delete by it, for ever. Answers whether it was. */
export function dropRubbishRecord(runtime: Runtime, id: string): boolean {
  try {
    recordedCgroups(runtime, id);
    return false;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) return false;
    log.warn("the runtime's record of a container is rubbish", { container_id: id, error: error.message });
    rmSync(join(runtime.root, id), { recursive: true, force: true });
    return true;
  }
}

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
