/** A container's mounts: the usual ones, those of the request over them, parents before children. */
import type { Mount as MountRequest } from "../../cri/messages.ts";
import { containerMounts, type PodFiles } from "./default-mounts.ts";
import { type RequestMountOptions, requestedMount } from "./requested-mount.ts";
import type { Linux, Mount } from "./types.ts";

export interface MountsInput extends RequestMountOptions {
  requested: readonly MountRequest[];
  /** Sources of the requested mounts that are of images, in the same order. */
  imageVolumes: readonly (string | undefined)[];
  files: PodFiles;
  privileged: boolean;
  readonlyRootfs: boolean;
}

export interface ContainerMounts {
  mounts: Mount[];
  /** As the most open of the requested mounts needs it; undefined leaves it to the runtime. */
  rootfsPropagation: Linux["rootfsPropagation"];
}

/** The mounts of a container. Makes host paths that are missing. INVALID_ARGUMENT for a mount that cannot be. */
export function mountsOf(input: MountsInput): ContainerMounts {
  const { requested, imageVolumes, files, privileged, readonlyRootfs } = input;
  const asked = requested.map((mount, index) =>
    requestedMount(mount, `config.mounts[${index}]`, input, imageVolumes[index]),
  );
  const taken = new Set(asked.map(({ destination }) => destination));
  const usual = containerMounts(files, privileged, readonlyRootfs);
  const kept = usual.filter((mount) => !taken.has(mount.destination) && !hiddenByDev(mount, taken));
  return { mounts: inOrder([...kept, ...asked]), rootfsPropagation: rootfsPropagation(requested) };
}

/** `mounts` with those that are `added` in the place of what is mounted there. */
export function withMounts(mounts: readonly Mount[], added: readonly Mount[]): Mount[] {
  const taken = new Set(added.map(({ destination }) => destination));
  return inOrder([...mounts.filter(({ destination }) => !taken.has(destination)), ...added]);
}

/** Parents before children. */
function inOrder(mounts: Mount[]): Mount[] {
  return mounts.sort((a, b) => depth(a.destination) - depth(b.destination));
}

/** Under a /dev of the request, the runtime would have to make folders for ours on the host. */
function hiddenByDev({ destination, type }: Mount, taken: ReadonlySet<string>): boolean {
  return taken.has("/dev") && destination.startsWith("/dev/") && type !== "bind";
}

function depth(path: string): number {
  return path === "/" ? 0 : path.split("/").length - 1;
}

function rootfsPropagation(requested: readonly MountRequest[]): Linux["rootfsPropagation"] {
  const modes = new Set(requested.map(({ propagation }) => propagation));
  if (modes.has("PROPAGATION_BIDIRECTIONAL")) return "rshared";
  return modes.has("PROPAGATION_HOST_TO_CONTAINER") ? "rslave" : undefined;
}
