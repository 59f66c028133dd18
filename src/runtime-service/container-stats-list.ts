/** ListContainerStats: of the containers that run. */
import type { ListContainerStatsRequest } from "../cri/messages.ts";
import { containerStats, isReading, readContainer } from "../stats/container-stats.ts";
import { inSlices } from "../stats/slices.ts";
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
    const reading = readContainer(stats, record);
    if (isReading(reading)) parts.push(stats.encode.container(containerStats(stats, record, reading)));
  });
  return Buffer.concat(parts);
}
