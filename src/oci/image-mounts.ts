/** Image volumes (KEP-4639): mounts of a container whose source is an image, or a folder in one. */
import { lstatSync } from "node:fs";
import type { ImageSpec, Mount } from "../cri/messages.ts";
import { codeOf, invalidArgument, messageOf, StatusError } from "../cri/status-error.ts";
import type { PinnedUserNamespace } from "../linux/user-namespace.ts";
import type { ImageRecord } from "../storage/image-record.ts";
import type { Rootfs } from "../storage/rootfs.ts";
import type { ContainerRecord } from "./record.ts";
import { securePath } from "./spec/secure-path.ts";

/** By this the kubelet's users know what failed (`ErrImageVolumeMountFailed` of cri-api). */
const REASON = "ImageVolumeMountFailed";

/** Brings the image that stands in `field` of a request. */
export type ObtainImage = (spec: ImageSpec, field: string) => Promise<Pick<ImageRecord, "id">>;

/**
 * The mounts of a request; those of images have the image's ID, which PullImage answers too, as `image_ref` (KEP-5365).
 * INVALID_ARGUMENT for one that cannot be, before any image is asked for; else what `obtain` rejects with.
 */
export async function resolveImageMounts(requested: readonly Mount[], obtain: ObtainImage): Promise<Mount[]> {
  for (const [index, mount] of requested.entries()) {
    if (mount.image) explained(() => checkImageMount(mount, fieldOf(index)));
  }
  return await Promise.all(
    requested.map(async (mount, index) => {
      if (!mount.image) return mount;
      const { id } = await obtain(mount.image, `${fieldOf(index)}.image.image`).catch(explain);
      return { ...mount, image: { ...mount.image, imageRef: id } };
    }),
  );
}

/**
 * Mounts the images of resolved mounts for a container, with mapped IDs in a user namespace. Answers, in their order, the
 * folders on the host to bind; undefined for those that are not of images. What is mounted goes with `removeRootfs`.
 * INVALID_ARGUMENT for a sub-path that is missing or not a folder.
 */
export function mountImageVolumes(
  rootfs: Pick<Rootfs, "mountVolume">,
  containerId: string,
  mounts: readonly Mount[],
  user?: PinnedUserNamespace,
): (string | undefined)[] {
  return mounts.map(({ image, imageSubPath }, index) => {
    if (!image) return undefined;
    return explained(() => {
      const volume = rootfs.mountVolume(containerId, image.imageRef, user);
      return subFolder(volume, imageSubPath, `${fieldOf(index)}.image_sub_path`);
    });
  });
}

/** IDs of the images that a container has as volumes. */
export function volumeImageIds({ config }: Pick<ContainerRecord, "config">): string[] {
  return config.mounts.flatMap(({ image }) => (image ? [image.imageRef] : []));
}

const fieldOf = (index: number) => `config.mounts[${index}]`;

function checkImageMount(mount: Mount, field: string): void {
  const { hostPath, readonly, imageSubPath } = mount;
  const name = mount.image?.image ?? "";
  if (name === "") throw invalidArgument(`${field}.image.image`, name, "a name or an ID is required");
  if (hostPath !== "") throw invalidArgument(`${field}.host_path`, hostPath, "the mount is of an image");
  if (!readonly) throw invalidArgument(`${field}.readonly`, readonly, "an image is mounted read-only");
  if (imageSubPath.startsWith("/") || imageSubPath.split("/").includes("..")) {
    const reason = "it must be relative, without a part that is ..";
    throw invalidArgument(`${field}.image_sub_path`, imageSubPath, reason);
  }
}

/** Links are followed as within a chroot: none leads out of the volume. A single file is no volume (KEP-4639, non-goals). */
function subFolder(volume: string, subPath: string, field: string): string {
  const folder = resolved(volume, subPath, field);
  const present = lstatSync(folder, { throwIfNoEntry: false });
  if (!present) throw invalidArgument(field, subPath, "it does not exist in the image");
  if (!present.isDirectory()) throw invalidArgument(field, subPath, "it is not a folder of the image");
  return folder;
}

function resolved(volume: string, subPath: string, field: string): string {
  try {
    return securePath(volume, subPath);
  } catch (error) {
    throw invalidArgument(field, subPath, messageOf(error));
  }
}

function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    explain(error);
  }
}

function explain(error: unknown): never {
  throw new StatusError(codeOf(error), `${REASON}: ${messageOf(error)}`, { cause: error });
}
