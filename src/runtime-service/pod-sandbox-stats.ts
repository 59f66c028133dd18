/** PodSandboxStats. */
import type { PodSandboxStatsRequest, PodSandboxStatsResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { podSandboxStats as statsOf } from "../stats/pod-sandbox-stats.ts";
import type { RuntimeServiceContext } from "./context.ts";

export function podSandboxStats(
  { stats, sandboxes }: RuntimeServiceContext,
  request: PodSandboxStatsRequest,
): Init<PodSandboxStatsResponse> {
  return { stats: statsOf(stats, sandboxes.store.get(request.podSandboxId)) };
}
