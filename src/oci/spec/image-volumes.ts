/** The volumes an image declares: folders that must exist in the container. */
import { mkdirSync } from "node:fs";
import type { ImageConfig } from "./image-config.ts";
import { securePath } from "./secure-path.ts";

/** Makes the folders inside `rootfs`; what a volume or the image itself put there stays. */
export function makeImageVolumes(rootfs: string, image: ImageConfig): void {
  for (const volume of Object.keys(image.Volumes ?? {})) {
    mkdirSync(securePath(rootfs, volume), { recursive: true, mode: 0o755 });
  }
}
