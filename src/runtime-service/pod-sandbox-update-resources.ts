/** UpdatePodSandboxResources: new limits for a pod as a whole. */
import type { UpdatePodSandboxResourcesRequest, UpdatePodSandboxResourcesResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { addLogFields } from "../log.ts";
import { updatePodResources } from "../sandbox/resources.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function podSandboxUpdateResources(
  { sandboxes }: RuntimeServiceContext,
  { podSandboxId, overhead, resources }: UpdatePodSandboxResourcesRequest,
): Promise<Init<UpdatePodSandboxResourcesResponse>> {
  const record = sandboxes.store.get(podSandboxId);
  addLogFields({ pod_id: record.id });
  await updatePodResources(sandboxes, record, { overhead, resources });
  return {};
}
