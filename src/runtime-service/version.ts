import type { VersionRequest, VersionResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { version } from "../version.ts";

/** Version: the kubelet API version is the customary 0.1.0, whatever the client asks for. */
export function versionRpc(_request: VersionRequest): Init<VersionResponse> {
  return { version: "0.1.0", runtimeName: "critter", runtimeVersion: version, runtimeApiVersion: "v1" };
}
