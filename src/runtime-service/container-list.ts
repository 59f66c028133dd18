/** ListContainers: from entries that are kept encoded. */
import type { ContainerFilter, ListContainersRequest } from "../cri/messages.ts";
import { containerMatches } from "../oci/messages.ts";
import type { ContainerRecord } from "../oci/record.ts";
import type { RuntimeServiceContext } from "./context.ts";

export function containerList(context: RuntimeServiceContext, { filter }: ListContainersRequest): Buffer {
  return context.containers.store.list(listedContainers(context, filter));
}

/** Whether a container is among those that the filter asks for, whose ids may be prefixes. */
export function listedContainers(
  { containers, sandboxes }: RuntimeServiceContext,
  filter: ContainerFilter | null,
): (record: ContainerRecord) => boolean {
  const id = filter?.id ? (containers.store.find(filter.id)?.id ?? "") : undefined;
  const pod = filter?.podSandboxId ? (sandboxes.store.find(filter.podSandboxId)?.id ?? "") : undefined;
  return (record) => containerMatches(record, filter, id, pod);
}
