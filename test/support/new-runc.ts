/** The runc that `scripts/setup --tests` builds: Debian's knows no id-mapped mounts, and so no user namespaces. */
import { join } from "node:path";
import { cacheDir } from "../cache.ts";
import type { DaemonOptions } from "./daemon.ts";

export const NEW_RUNC = join(cacheDir(), "bin", "runc", "runc");

/** A daemon whose default handler `new` is that runc; the machine's own is `runc`. */
export const withNewRunc: DaemonOptions = {
  settings: { "crio.runtime": { default_runtime: "new" } },
  handlers: { new: { runtime_path: NEW_RUNC }, runc: {} },
};

/** Makes it the runtime of daemons that are started from now on, unless the environment names another (`CRITTER_TEST_RUNTIME`). */
export function useNewRunc(): void {
  process.env.CRITTER_TEST_RUNTIME ||= NEW_RUNC;
}
