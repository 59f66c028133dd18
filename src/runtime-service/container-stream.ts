/** StreamContainers: what ListContainers answers, in parts. */
import { inParts } from "../cri/list-parts.ts";
import type { StreamContainersRequest } from "../cri/messages.ts";
import { listedContainers } from "./container-list.ts";
import type { RuntimeServiceContext } from "./context.ts";

export function containerStream(
  context: RuntimeServiceContext,
  { filter }: StreamContainersRequest,
): AsyncIterable<Buffer> {
  return inParts(context.containers.store.entries(listedContainers(context, filter)));
}
