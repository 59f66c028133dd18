/** ContainerStatus: one container; verbose adds what `crictl inspect` shows as `info`, by the names that CRI-O and containerd use. */
import type { ContainerStatusRequest, ContainerStatusResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { readSpec } from "../oci/bundle.ts";
import { type ContainerContext, containerFolder } from "../oci/context.ts";
import { containerStatus as statusOf } from "../oci/messages.ts";
import type { ContainerRecord } from "../oci/record.ts";
import { isPrivilegedSpec } from "../oci/spec/protected-paths.ts";
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
  const { process, monitor, podSandboxId: sandboxID, runtime, config } = record;
  const pids = { pid: process?.pid ?? 0, monitorPid: monitor?.pid ?? 0 };
  const privileged = runtimeSpec !== null && isPrivilegedSpec(runtimeSpec);
  return JSON.stringify({ sandboxID, ...pids, runtime, privileged, config, runtimeSpec });
}
