/** StreamPodSandboxStats: what ListPodSandboxStats answers, in parts. */
import { partsOf } from "../cri/list-parts.ts";
import type { StreamPodSandboxStatsRequest } from "../cri/messages.ts";
import type { RuntimeServiceContext } from "./context.ts";
import { podSandboxStatsList } from "./pod-sandbox-stats-list.ts";

export async function* podSandboxStatsStream(
  context: RuntimeServiceContext,
  request: StreamPodSandboxStatsRequest,
): AsyncGenerator<Buffer, void> {
  yield* partsOf(await podSandboxStatsList(context, request));
}
