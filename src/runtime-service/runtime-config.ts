/** RuntimeConfig: which cgroup driver the kubelet must use. */
import type { RuntimeConfigResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import type { RuntimeServiceContext } from "./context.ts";

export function runtimeConfig({ config }: RuntimeServiceContext): Init<RuntimeConfigResponse> {
  return { linux: { cgroupDriver: config.runtime.cgroupManager === "systemd" ? "SYSTEMD" : "CGROUPFS" } };
}
