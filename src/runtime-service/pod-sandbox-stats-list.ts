/** ListPodSandboxStats: of the pods that are ready. */
import type { ListPodSandboxStatsRequest } from "../cri/messages.ts";
import { inSlices } from "../slices.ts";
import { overviewOf } from "../stats/overview.ts";
import { podSandboxStats } from "../stats/pod-sandbox-stats.ts";
import type { RuntimeServiceContext } from "./context.ts";
import { listedPodSandboxes } from "./pod-sandbox-list.ts";

export async function podSandboxStatsList(
  context: RuntimeServiceContext,
  request: ListPodSandboxStatsRequest,
): Promise<Buffer> {
  const { stats, sandboxes } = context;
  const isListed = listedPodSandboxes(context, request.filter && { ...request.filter, state: null });
  const listed = [...sandboxes.store].filter(isListed);
  const overview = overviewOf(stats);
  const parts: Buffer[] = [];
  await inSlices(listed, (record) => {
    if (record.phase === "ready") parts.push(stats.encoder.sandbox(podSandboxStats(stats, record, overview)));
  });
  return Buffer.concat(parts);
}
