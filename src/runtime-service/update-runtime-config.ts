/** UpdateRuntimeConfig: the pod CIDR that the kubelet hands on, for CNI plugins with the capability `ipRanges`. */
import { isIP } from "node:net";
import type { UpdateRuntimeConfigRequest, UpdateRuntimeConfigResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { invalidArgument } from "../cri/status-error.ts";
import type { RuntimeServiceContext } from "./context.ts";

export function updateRuntimeConfig(
  { sandboxes }: RuntimeServiceContext,
  request: UpdateRuntimeConfigRequest,
): Init<UpdateRuntimeConfigResponse> {
  const cidr = request.runtimeConfig?.networkConfig?.podCidr ?? "";
  if (cidr === "") return {};
  for (const range of cidr.split(",")) checkCidr(range.trim(), cidr);
  sandboxes.podCidr = cidr;
  return {};
}

function checkCidr(range: string, cidr: string): void {
  const [address = "", bits = "", ...rest] = range.split("/");
  const family = isIP(address);
  const fits = /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
  if (family !== 0 && fits && rest.length === 0) return;
  throw invalidArgument(
    "runtime_config.network_config.pod_cidr",
    cidr,
    "it must be one CIDR, or one of each family with a comma between",
  );
}
