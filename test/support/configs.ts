/** Configurations of pods and containers as critest's specs send them: as little as the CRI allows. */
import { randomUUID } from "node:crypto";
import type { ContainerConfig, PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";

export const BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.29-2";
export const NGINX = "registry.k8s.io/e2e-test-images/nginx:1.14-2";
export const HTTPD = "registry.k8s.io/e2e-test-images/httpd:2.4.39-4";

/** A pod's configuration with metadata of its own (attempt 2, as critest has it); `changes` replace whole fields. */
export function podConfig(
  cgroupParent: string,
  changes: Init<PodSandboxConfig> = {},
): Init<PodSandboxConfig> {
  const unique = randomUUID();
  return {
    metadata: {
      name: `pod-sandbox-${unique}`,
      uid: `cri-test-uid-${unique}`,
      namespace: `cri-test-namespace-${unique}`,
      attempt: 2,
    },
    linux: { cgroupParent },
    ...changes,
  };
}

/** A container's configuration: busybox running `top`; `changes` replace whole fields. */
export function containerConfig(changes: Init<ContainerConfig> = {}): Init<ContainerConfig> {
  return {
    metadata: { name: `container-${randomUUID()}`, attempt: 2 },
    image: { image: BUSYBOX },
    command: ["top"],
    linux: {},
    ...changes,
  };
}
