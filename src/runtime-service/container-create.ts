/** CreateContainer: makes a container in a pod that runs, ready to be started. */
import type { CreateContainerRequest, CreateContainerResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { addLogFields } from "../log.ts";
import { validateContainer } from "../oci/validate.ts";
import { createPodContainer } from "../sandbox/create-container.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerCreate(
  { sandboxes, stopping }: RuntimeServiceContext,
  { podSandboxId, config }: CreateContainerRequest,
): Promise<Init<CreateContainerResponse>> {
  validateContainer(config);
  const sandbox = sandboxes.store.get(podSandboxId);
  addLogFields({ pod_id: sandbox.id, container: config.metadata.name });
  const record = await createPodContainer(sandboxes, sandbox, config, stopping);
  addLogFields({ container_id: record.id });
  return { containerId: record.id };
}
