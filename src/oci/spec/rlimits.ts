/** Resource limits of a container's process (setrlimit(2)), from crio.conf's `default_ulimits`. */
import { rawNumber } from "./raw-json.ts";
import type { Rlimit, Uint64 } from "./types.ts";

/** One limit: its name without `RLIMIT_`, in any case; -1 is no limit. */
export interface Ulimit {
  name: string;
  soft: number;
  hard: number;
}

export function ociRlimits(ulimits: readonly Ulimit[]): Rlimit[] {
  return ulimits.map(({ name, soft, hard }) => ({
    type: `RLIMIT_${name.toUpperCase()}`,
    soft: value(soft),
    hard: value(hard),
  }));
}

/** RLIM_INFINITY is all 64 bits. */
const infinity = rawNumber("18446744073709551615");

function value(limit: number): Uint64 {
  return limit === -1 ? infinity : limit;
}
