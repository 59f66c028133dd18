/** PodSandboxStatus: one pod, with its containers' statuses; verbose adds what `crictl inspectp` shows as `info`. */
import { nowNanoseconds } from "../clock.ts";
import type { PodSandboxStatusRequest, PodSandboxStatusResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { readSpec } from "../oci/bundle.ts";
import { containerStatus } from "../oci/messages.ts";
import { type SandboxContext, sandboxFolder } from "../sandbox/context.ts";
import { sandboxStatus } from "../sandbox/messages.ts";
import type { PodSandboxRecord } from "../sandbox/record.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function podSandboxStatus(
  { sandboxes }: RuntimeServiceContext,
  request: PodSandboxStatusRequest,
): Promise<Init<PodSandboxStatusResponse>> {
  const record = sandboxes.store.get(request.podSandboxId);
  return {
    status: sandboxStatus(record),
    // The latest first: a kubelet with EventedPLEG takes the first of a name for the one that counts.
    containersStatuses: [...sandboxes.containers.store]
      .filter(({ podSandboxId, phase }) => podSandboxId === record.id && phase !== "creating")
      .sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1))
      .map(containerStatus),
    timestamp: nowNanoseconds(),
    info: request.verbose ? { info: await verboseInfo(sandboxes, record) } : {},
  };
}

async function verboseInfo(context: SandboxContext, record: PodSandboxRecord): Promise<string> {
  const runtimeSpec = await readSpec(sandboxFolder(context, record.id)).catch(() => null);
  const { phase, process, monitor, runtimeHandler, cgroups, config, imageId } = record;
  const runs = phase === "ready";
  const pids = { pid: (runs && process?.pid) || 0, monitorPid: (runs && monitor?.pid) || 0 };
  // CRI-O's name for the pause image, and containerd's for what CNI answered.
  const image = context.containers.storage.images.stored(imageId)?.repoTags[0] ?? imageId;
  const cniResult = context.cni.result(record.id) ?? null;
  const privileged = config.linux?.securityContext?.privileged ?? false;
  return JSON.stringify({
    ...pids,
    image,
    runtimeHandler,
    privileged,
    cgroups,
    config,
    cniResult,
    runtimeSpec,
  });
}
