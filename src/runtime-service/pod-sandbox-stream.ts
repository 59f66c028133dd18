/** StreamPodSandboxes: what ListPodSandbox answers, in parts. */
import { inParts } from "../cri/list-parts.ts";
import type { StreamPodSandboxesRequest } from "../cri/messages.ts";
import type { RuntimeServiceContext } from "./context.ts";
import { listedPodSandboxes } from "./pod-sandbox-list.ts";

export function podSandboxStream(
  context: RuntimeServiceContext,
  { filter }: StreamPodSandboxesRequest,
): AsyncIterable<Buffer> {
  return inParts(context.sandboxes.store.entries(listedPodSandboxes(context, filter)));
}
