/** The volumes an image declares (VOLUME): folders that must exist in the container. */
import { failedPrecondition, messageOf } from "../../cri/status-error.ts";
import type { Owner } from "../../linux/user-namespace.ts";
import type { ImageConfig } from "./image-config.ts";
import { makeFolder } from "./made-folder.ts";
import { securePath } from "./secure-path.ts";

/**
 * Makes the folders inside `rootfs`, for `owner`, the container's user as the host sees it; what a volume or the image itself
 * put there stays.
 * FAILED_PRECONDITION for one that cannot be made: the image has a file there.
 */
export function makeImageVolumes(rootfs: string, image: ImageConfig, owner: Owner): void {
  for (const volume of declaredVolumes(image)) {
    try {
      makeFolder(securePath(rootfs, volume), owner);
    } catch (error) {
      throw failedPrecondition(`the image's volume ${JSON.stringify(volume)}: ${messageOf(error)}`);
    }
  }
}

/** Paths of the image's volumes. */
export function declaredVolumes({ Volumes }: ImageConfig): string[] {
  return Object.keys(Volumes ?? {});
}
