/** StopContainer: the stop signal, the grace period of the request in seconds, SIGKILL. An unknown container is no error. */
import type { StopContainerRequest, StopContainerResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { addLogFields } from "../log.ts";
import { stopContainer } from "../oci/stop.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerStop(
  { containers, stopping }: RuntimeServiceContext,
  request: StopContainerRequest,
): Promise<Init<StopContainerResponse>> {
  const seconds = Number(request.timeout);
  if (seconds < 0) throw invalidArgument("timeout", seconds, "it must be 0 or more seconds");
  const record = containers.store.find(request.containerId);
  addLogFields({ container_id: record?.id ?? request.containerId, pod_id: record?.podSandboxId });
  if (record) await stopContainer(containers, record, seconds * 1000, stopping);
  return {};
}
