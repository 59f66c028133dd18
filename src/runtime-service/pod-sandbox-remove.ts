/** RemovePodSandbox: removes a pod with its containers, running or not. An unknown pod is no error. */
import type { RemovePodSandboxRequest, RemovePodSandboxResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { addLogFields } from "../log.ts";
import { removePodSandbox } from "../sandbox/remove.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function podSandboxRemove(
  { sandboxes }: RuntimeServiceContext,
  request: RemovePodSandboxRequest,
): Promise<Init<RemovePodSandboxResponse>> {
  const record = sandboxes.store.find(request.podSandboxId);
  addLogFields({ pod_id: record?.id ?? request.podSandboxId });
  if (record) await removePodSandbox(sandboxes, record);
  return {};
}
