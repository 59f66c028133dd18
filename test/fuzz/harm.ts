/** What a message would do to the machine if it were right: such are not sent. What the daemon must refuse is none. */
import { posix } from "node:path";
import type { ContainerConfig, ImageSpec, PodSandboxConfig } from "../../src/cri/messages.ts";
import { parseReference } from "../../src/registry/reference.ts";
import { MIRRORED } from "../registry/mirrors.ts";
import type { FuzzBed } from "./bed.ts";

type Message = {
  config?: (Partial<PodSandboxConfig> & Partial<ContainerConfig>) | null;
  image?: ImageSpec | null;
  podSandboxId?: string;
  containerId?: string;
  timeout?: number;
};

/** Why the message must not be sent; undefined for one that harms nothing. `request` is as the daemon reads it. */
export function harmOf(rpc: string, request: unknown, bed: FuzzBed): string | undefined {
  const { config, image, podSandboxId = "", containerId = "", timeout = 0 } = request as Message;
  if (/^(Stop|Remove)/.test(rpc) && (podSandboxId || containerId)) {
    const isLiving = bed.podSandboxId.startsWith(podSandboxId) && bed.containerId.startsWith(containerId);
    if (isLiving) return "the others need it";
  }
  if (rpc === "RunPodSandbox" && config) return podHarm(config, bed);
  if (rpc === "CreateContainer" && config) return containerHarm(config, bed);
  if (rpc === "PullImage" && image && leavesTheMachine(image.image)) return "it asks another registry";
  if (rpc === "RemoveImage" && image && /busybox|pause|^(sha256:)?[0-9a-f]{4,64}$/.test(image.image))
    return "it removes an image that is needed";
  // Nothing ends such a command but the end of its pod.
  if (rpc === "ExecSync" && (timeout === 0 || timeout > 3)) return "it may take for ever";
  if (rpc === "StopContainer" && timeout > 3) return "it may take long";
  return undefined;
}

function podHarm(config: Partial<PodSandboxConfig>, bed: FuzzBed): string | undefined {
  const { metadata, logDirectory = "", portMappings = [], linux } = config;
  if (!metadata?.name || !metadata.namespace) return undefined;
  const parent = linux?.cgroupParent ?? "";
  const isRefused = /[\0\n:]/.test(parent) || parent.split("/").includes("..") || parent === "/";
  if (!isRefused && !isBelow(parent, bed.cgroupParent)) return "it makes a cgroup of others";
  if (logDirectory.startsWith("/") && !isBelow(logDirectory, bed.daemon.folder)) return "it writes elsewhere";
  if (portMappings.some(({ hostPort }) => hostPort > 0 && hostPort < 65_536))
    return "it takes a port of the host";
  return undefined;
}

function containerHarm({ mounts = [] }: Partial<ContainerConfig>, bed: FuzzBed): string | undefined {
  const outside = mounts.some(
    ({ hostPath, image }) => !image && hostPath.startsWith("/") && !isBelow(hostPath, bed.daemon.folder),
  );
  if (outside) return "it makes or mounts a folder of the host";
  if (mounts.some(({ image }) => image && leavesTheMachine(image.image))) return "it asks another registry";
  return undefined;
}

function isBelow(path: string, folder: string): boolean {
  const whole = posix.resolve("/", path);
  return whole === folder || whole.startsWith(`${folder}/`);
}

function leavesTheMachine(image: string): boolean {
  try {
    return !MIRRORED.some((registry) => registry === parseReference(image).registry);
  } catch {
    return false;
  }
}
