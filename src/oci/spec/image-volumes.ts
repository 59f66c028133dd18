/** The volumes an image declares (VOLUME): folders that must exist in the container. */
import { chownSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { failedPrecondition, messageOf } from "../../cri/status-error.ts";
import type { ImageConfig } from "./image-config.ts";
import { securePath } from "./secure-path.ts";
import type { User } from "./types.ts";

/**
 * Makes the folders inside `rootfs`, for the container's user; what a volume or the image itself put there stays.
 * FAILED_PRECONDITION for one that cannot be made: the image has a file there.
 */
export function makeImageVolumes(rootfs: string, image: ImageConfig, { uid, gid }: User): void {
  for (const volume of declaredVolumes(image)) {
    try {
      const path = securePath(rootfs, volume);
      const first = mkdirSync(path, { recursive: true, mode: 0o755 });
      if (first === undefined) continue;
      for (let made = path; made.length >= first.length; made = dirname(made)) chownSync(made, uid, gid);
    } catch (error) {
      throw failedPrecondition(`the image's volume ${JSON.stringify(volume)}: ${messageOf(error)}`);
    }
  }
}

/** Paths of the image's volumes. */
export function declaredVolumes({ Volumes }: ImageConfig): string[] {
  return Object.keys(Volumes ?? {});
}
