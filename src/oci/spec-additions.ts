/** What config.json has beyond what the request says for itself: volumes of the image, mounts.conf's, CDI devices, hooks. */
import { join, posix } from "node:path";
import type { ContainerConfig, PodSandboxConfig } from "../cri/messages.ts";
import { type PinnedUserNamespace, rootOf } from "../linux/user-namespace.ts";
import { bindDevices } from "./bound-devices.ts";
import { bindImageVolumes } from "./bound-volumes.ts";
import { applyEdits } from "./cdi/apply-edits.ts";
import { requestedCdiDevices } from "./cdi/request.ts";
import type { ContainerContext } from "./context.ts";
import type { HookFacts } from "./hooks/hook-file.ts";
import type { ImageConfig } from "./spec/image-config.ts";
import { withMounts } from "./spec/mounts.ts";
import type { Mount, Spec } from "./spec/types.ts";

export interface SpecParts {
  config: ContainerConfig;
  sandboxConfig: PodSandboxConfig;
  image: ImageConfig;
  /** The root file system on the host, mounted and not yet in use. */
  rootfs: string;
  /** Where the pod has one. */
  userNamespace: PinnedUserNamespace | undefined;
}

/**
 * Completes `spec`. What the request mounts goes before volumes of the image and of mounts.conf, what CDI devices mount before all.
 * INVALID_ARGUMENT for a CDI device or a class of block I/O that there is not.
 */
export async function addToSpec(context: ContainerContext, spec: Spec, parts: SpecParts): Promise<void> {
  const taken = requestedPaths(parts.config);
  const isTaken = (path: string) => taken.has(path);
  if (context.config.image.imageVolumes === "bind")
    addMounts(spec, await bindImageVolumes(parts.rootfs, parts.image, isTaken));
  const copies = join(parts.rootfs, "..", "mounts-conf");
  addMounts(spec, await context.mountsConf.mountsFor(copies, rootOf(parts.userNamespace), isTaken));
  const devices = requestedCdiDevices(parts.config);
  if (devices.length > 0) for (const edits of context.cdi.editsOf(devices)) applyEdits(spec, edits);
  if (parts.userNamespace) bindDevices(spec);
  const blockIO = context.blockio.blockIoOf(parts.config, parts.sandboxConfig);
  if (blockIO) spec.linux.resources.blockIO = blockIO;
  context.hooks.addTo(spec, () => hookFacts(spec, parts));
}

function addMounts(spec: Spec, added: readonly Mount[]): void {
  if (added.length > 0) spec.mounts = withMounts(spec.mounts, added);
}

function hookFacts({ process }: Spec, { config, sandboxConfig }: SpecParts): HookFacts {
  return {
    annotations: { ...config.annotations, ...sandboxConfig.annotations },
    command: process.args[0] ?? "",
    hasBindMounts: config.mounts.length > 0,
  };
}

function requestedPaths({ mounts }: ContainerConfig): Set<string> {
  return new Set(mounts.map(({ containerPath }) => posix.resolve(containerPath)));
}
