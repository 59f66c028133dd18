/** StartContainer: starts a created container. */
import type { StartContainerRequest, StartContainerResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { addLogFields } from "../log.ts";
import { startContainer } from "../oci/start.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerStart(
  { containers }: RuntimeServiceContext,
  request: StartContainerRequest,
): Promise<Init<StartContainerResponse>> {
  const record = containers.store.get(request.containerId);
  addLogFields({ container_id: record.id, pod_id: record.podSandboxId });
  await startContainer(containers, record);
  return {};
}
