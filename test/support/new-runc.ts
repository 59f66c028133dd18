/** The runc that `scripts/setup --tests` builds: Debian's knows no id-mapped mounts, and so no user namespaces. */
import { join } from "node:path";
import { cacheDir } from "../cache.ts";
import type { DaemonOptions } from "./daemon.ts";

export const NEW_RUNC = join(cacheDir(), "bin", "runc", "runc");

/**
 * A daemon whose default handler `new` is that runc, or the runtime that the tests are to be run with; `old` is a runtime that
 * tells no features.
 */
export const withNewRunc: DaemonOptions = {
  settings: { "crio.runtime": { default_runtime: "new" } },
  handlers: {
    new: { runtime_path: process.env.CRITTER_TEST_RUNTIME || NEW_RUNC },
    old: { runtime_path: join(import.meta.dirname, "featureless-runtime.sh") },
  },
};

/** Makes it the runtime of daemons that are started from now on, unless the environment names another (`CRITTER_TEST_RUNTIME`). */
export function useNewRunc(): void {
  process.env.CRITTER_TEST_RUNTIME ||= NEW_RUNC;
}
