/** ContainerStats. */
import type { ContainerStatsRequest, ContainerStatsResponse } from "../cri/messages.ts";
import { containerStats as statsOf } from "../stats/container-stats.ts";
import type { RuntimeServiceContext } from "./context.ts";

export function containerStats(
  { stats, containers }: RuntimeServiceContext,
  request: ContainerStatsRequest,
): ContainerStatsResponse {
  return { stats: statsOf(stats, containers.store.get(request.containerId)) };
}
