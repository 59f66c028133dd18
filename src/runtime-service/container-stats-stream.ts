/** StreamContainerStats: what ListContainerStats answers, in parts. */
import { partsOf } from "../cri/list-parts.ts";
import type { StreamContainerStatsRequest } from "../cri/messages.ts";
import { containerStatsList } from "./container-stats-list.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function* containerStatsStream(
  context: RuntimeServiceContext,
  request: StreamContainerStatsRequest,
): AsyncGenerator<Buffer, void> {
  yield* partsOf(await containerStatsList(context, request));
}
