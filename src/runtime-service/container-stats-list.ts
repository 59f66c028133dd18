/** ListContainerStats: of the containers that run. */
import type { ListContainerStatsRequest } from "../cri/messages.ts";
import { containerMatches } from "../oci/messages.ts";
import { containerStats, isReading, readContainer } from "../stats/container-stats.ts";
import { inSlices } from "../stats/slices.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerStatsList(
  { stats, containers, sandboxes }: RuntimeServiceContext,
  request: ListContainerStatsRequest,
): Promise<Buffer> {
  const filter = request.filter && { ...request.filter, state: null };
  const id = filter?.id ? (containers.store.find(filter.id)?.id ?? "") : undefined;
  const pod = filter?.podSandboxId ? (sandboxes.store.find(filter.podSandboxId)?.id ?? "") : undefined;
  const listed = [...containers.store].filter((record) => containerMatches(record, filter, id, pod));
  const parts: Buffer[] = [];
  await inSlices(listed, (record) => {
    const reading = readContainer(stats, record);
    if (isReading(reading)) parts.push(stats.encode.container(containerStats(stats, record, reading)));
  });
  return Buffer.concat(parts);
}
