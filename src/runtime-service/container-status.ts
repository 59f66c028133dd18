/** ContainerStatus: one container; verbose adds pid and runtime spec for `crictl inspect`. */
import type { ContainerStatusRequest, ContainerStatusResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { readSpec } from "../oci/bundle.ts";
import { type ContainerContext, containerFolder } from "../oci/context.ts";
import { containerStatus as statusOf } from "../oci/messages.ts";
import type { ContainerRecord } from "../oci/record.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerStatus(
  { containers }: RuntimeServiceContext,
  request: ContainerStatusRequest,
): Promise<Init<ContainerStatusResponse>> {
  const record = containers.store.get(request.containerId);
  return {
    status: statusOf(record),
    info: request.verbose ? { info: await verboseInfo(containers, record) } : {},
  };
}

async function verboseInfo(context: ContainerContext, record: ContainerRecord): Promise<string> {
  const runtimeSpec = await readSpec(containerFolder(context, record.id)).catch(() => null);
  const { process, monitor, podSandboxId, runtime } = record;
  const info = { sandboxID: podSandboxId, pid: process?.pid ?? 0, monitorPid: monitor?.pid ?? 0, runtime };
  return JSON.stringify({ ...info, runtimeSpec });
}
