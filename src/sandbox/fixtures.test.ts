/** Pod sandbox messages as they arrive: decoded, with every field. */

import type { PodSandboxConfig, RunPodSandboxRequest } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { loadCri } from "../cri/proto.ts";
import type { PodSandboxRecord, SandboxConfig } from "./record.ts";

const { requestSerialize, requestDeserialize } = loadCri().RuntimeService.RunPodSandbox;

/** A configuration with what is given, all other fields at their defaults. */
export function podConfig(config: Init<PodSandboxConfig>): SandboxConfig {
  const metadata = { name: "web", namespace: "default", uid: "u1", attempt: 0, ...config.metadata };
  const bytes = requestSerialize({ config: { ...config, metadata } });
  return (requestDeserialize(bytes) as RunPodSandboxRequest).config as SandboxConfig;
}

export function podRecord(record: Partial<PodSandboxRecord> = {}): PodSandboxRecord {
  return {
    id: "a".repeat(64),
    config: podConfig({}),
    runtimeHandler: "",
    requestDigest: "",
    createdAt: "1700000000123456789",
    phase: "ready",
    attached: true,
    ips: ["10.0.0.2", "fd00::2"],
    imageId: "",
    cgroups: [],
    process: null,
    monitor: null,
    monitorCgroup: "",
    ...record,
  };
}
