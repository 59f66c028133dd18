/** ListPodSandbox: from entries that are kept encoded. */
import type { ListPodSandboxRequest, PodSandboxFilter } from "../cri/messages.ts";
import { sandboxMatches } from "../sandbox/messages.ts";
import type { PodSandboxRecord } from "../sandbox/record.ts";
import type { RuntimeServiceContext } from "./context.ts";

export function podSandboxList(context: RuntimeServiceContext, { filter }: ListPodSandboxRequest): Buffer {
  return context.sandboxes.store.list(listedPodSandboxes(context, filter));
}

/** Whether a pod is among those that the filter asks for, whose id may be a prefix. */
export function listedPodSandboxes(
  { sandboxes }: RuntimeServiceContext,
  filter: PodSandboxFilter | null,
): (record: PodSandboxRecord) => boolean {
  const id = filter?.id ? (sandboxes.store.find(filter.id)?.id ?? "") : undefined;
  return (record) => sandboxMatches(record, filter, id);
}
