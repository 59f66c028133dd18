/** How readily the kernel kills a process when memory runs out (proc(5), oom_score_adj). */
import type { Int64 } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import type { Host } from "./host.ts";

/** The pause container's: killed last, for the pod goes with it. */
export const sandboxOomScoreAdj = -998;

/** `wanted`, or the least that the daemon may set. INVALID_ARGUMENT outside -1000 to 1000. */
export function oomScoreAdj(
  wanted: Int64,
  host: Host,
  field = "config.linux.resources.oom_score_adj",
): number {
  const score = Number(wanted);
  if (!Number.isInteger(score) || score < -1000 || score > 1000) {
    throw invalidArgument(field, wanted, "not a number from -1000 to 1000");
  }
  return Math.max(score, host.minimumOomScoreAdj);
}
