/** ListContainerStats: of the containers that run. */
import type { ListContainerStatsRequest } from "../cri/messages.ts";
import { inSlices } from "../slices.ts";
import { runningContainerStats } from "../stats/container-stats.ts";
import { listedContainers } from "./container-list.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerStatsList(
  context: RuntimeServiceContext,
  request: ListContainerStatsRequest,
): Promise<Buffer> {
  const { stats, containers } = context;
  const isListed = listedContainers(context, request.filter && { ...request.filter, state: null });
  const listed = [...containers.store].filter(isListed);
  const parts: Buffer[] = [];
  await inSlices(listed, (record) => {
    const found = runningContainerStats(stats, record);
    if (found) parts.push(stats.encoder.container(found));
  });
  return Buffer.concat(parts);
}
