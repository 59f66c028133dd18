/** CreateContainer: makes a container in a pod that runs, ready to be started. */
import type { CreateContainerRequest, CreateContainerResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { addLogFields } from "../log.ts";
import { createPodContainer } from "../sandbox/create-container.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerCreate(
  { sandboxes, stopping }: RuntimeServiceContext,
  { podSandboxId, config }: CreateContainerRequest,
): Promise<Init<CreateContainerResponse>> {
  if (!config) throw invalidArgument("config", null, "a container needs one");
  if (!config.metadata?.name) throw invalidArgument("config.metadata.name", "", "it must not be empty");
  if (!config.image?.image) throw invalidArgument("config.image.image", "", "a container needs an image");
  const sandbox = sandboxes.store.get(podSandboxId);
  addLogFields({ pod_id: sandbox.id, container: config.metadata.name });
  const record = await createPodContainer(sandboxes, sandbox, config, stopping);
  addLogFields({ container_id: record.id });
  return { containerId: record.id };
}
