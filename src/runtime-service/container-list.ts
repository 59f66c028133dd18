/** ListContainers: from entries that are kept encoded. */
import type { ListContainersRequest } from "../cri/messages.ts";
import { containerMatches } from "../oci/messages.ts";
import type { RuntimeServiceContext } from "./context.ts";

export function containerList(context: RuntimeServiceContext, request: ListContainersRequest): Buffer {
  const { filter } = request;
  const id = filter?.id ? (context.containers.store.find(filter.id)?.id ?? "") : undefined;
  const pod = filter?.podSandboxId
    ? (context.sandboxes.store.find(filter.podSandboxId)?.id ?? "")
    : undefined;
  return context.containers.store.list((record) => containerMatches(record, filter, id, pod));
}
