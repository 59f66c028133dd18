/** The machine's cgroups, read once, for the files that are handed no `Cgroups`. */
import { type Cgroups, detectCgroups } from "./hierarchy.ts";

let found: Cgroups | undefined;

/** The cgroups as they were when first asked for. Throws where no cgroup file system is mounted. */
export function machineCgroups(): Cgroups {
  found ??= detectCgroups();
  return found;
}
