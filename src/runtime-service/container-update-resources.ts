/** UpdateContainerResources: new limits for a container. */
import type { UpdateContainerResourcesRequest, UpdateContainerResourcesResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { addLogFields } from "../log.ts";
import { updateContainer } from "../oci/update.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerUpdateResources(
  { containers }: RuntimeServiceContext,
  { containerId, linux }: UpdateContainerResourcesRequest,
): Promise<Init<UpdateContainerResourcesResponse>> {
  if (!linux) throw invalidArgument("linux", linux, "there is nothing to update");
  const record = containers.store.get(containerId);
  addLogFields({ container_id: record.id, pod_id: record.podSandboxId });
  await updateContainer(containers, record, linux);
  return {};
}
