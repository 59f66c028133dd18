/** RemoveContainer: removes a container, killing it if it runs. An unknown container is no error. */
import type { RemoveContainerRequest, RemoveContainerResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { addLogFields } from "../log.ts";
import { removeContainer } from "../oci/remove.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerRemove(
  { containers }: RuntimeServiceContext,
  request: RemoveContainerRequest,
): Promise<Init<RemoveContainerResponse>> {
  const record = containers.store.find(request.containerId);
  addLogFields({ container_id: record?.id ?? request.containerId, pod_id: record?.podSandboxId });
  if (record) await removeContainer(containers, record);
  return {};
}
