/** StopPodSandbox: ends a pod's containers and gives its network back. A pod unknown or stopped already is no error. */
import type { StopPodSandboxRequest, StopPodSandboxResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { addLogFields } from "../log.ts";
import { stopPodSandbox } from "../sandbox/stop.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function podSandboxStop(
  { sandboxes }: RuntimeServiceContext,
  request: StopPodSandboxRequest,
): Promise<Init<StopPodSandboxResponse>> {
  const record = sandboxes.store.find(request.podSandboxId);
  addLogFields({ pod_id: record?.id ?? request.podSandboxId });
  if (record) await stopPodSandbox(sandboxes, record);
  return {};
}
