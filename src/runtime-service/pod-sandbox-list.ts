/** ListPodSandbox: from entries that are kept encoded. */
import type { ListPodSandboxRequest } from "../cri/messages.ts";
import { sandboxMatches } from "../sandbox/messages.ts";
import type { RuntimeServiceContext } from "./context.ts";

export function podSandboxList({ sandboxes }: RuntimeServiceContext, request: ListPodSandboxRequest): Buffer {
  const { filter } = request;
  const id = filter?.id ? (sandboxes.store.find(filter.id)?.id ?? "") : undefined;
  return sandboxes.store.list((record) => sandboxMatches(record, filter, id));
}
