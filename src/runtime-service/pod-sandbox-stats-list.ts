/** ListPodSandboxStats: of the pods that are ready. */
import type { ListPodSandboxStatsRequest } from "../cri/messages.ts";
import { sandboxMatches } from "../sandbox/messages.ts";
import { overviewOf } from "../stats/overview.ts";
import { podSandboxStats } from "../stats/pod-sandbox-stats.ts";
import { inSlices } from "../stats/slices.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function podSandboxStatsList(
  { stats, sandboxes }: RuntimeServiceContext,
  request: ListPodSandboxStatsRequest,
): Promise<Buffer> {
  const filter = request.filter && { ...request.filter, state: null };
  const id = filter?.id ? (sandboxes.store.find(filter.id)?.id ?? "") : undefined;
  const listed = [...sandboxes.store].filter((record) => sandboxMatches(record, filter, id));
  const overview = overviewOf(stats);
  const parts: Buffer[] = [];
  await inSlices(listed, (record) => {
    if (record.phase === "ready") parts.push(stats.encode.sandbox(podSandboxStats(stats, record, overview)));
  });
  return Buffer.concat(parts);
}
