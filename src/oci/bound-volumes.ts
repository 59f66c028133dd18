/** An image's volumes as folders of their own (crio.conf's `image_volumes = "bind"`), beside the container's root. */
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { run } from "../linux/program.ts";
import type { ImageConfig } from "./spec/image-config.ts";
import { declaredVolumes } from "./spec/image-volumes.ts";
import { securePath } from "./spec/secure-path.ts";
import type { Mount } from "./spec/types.ts";

/**
 * A mount for each volume of the image but those at paths that `isTaken`: of a folder that has what the image has there, its
 * owner and mode too. The folders go with the container's root file system, `rootfs`, in which they exist already.
 */
export async function bindImageVolumes(
  rootfs: string,
  image: ImageConfig,
  isTaken: (path: string) => boolean,
): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const [index, volume] of declaredVolumes(image).entries()) {
    const destination = posix.resolve("/", volume);
    if (destination === "/" || isTaken(destination)) continue;
    const source = join(rootfs, "..", "image-volumes", String(index));
    await copyFolder(securePath(rootfs, volume), source);
    mounts.push({ destination, type: "bind", source, options: ["rbind", "rprivate", "rw"] });
  }
  return mounts;
}

async function copyFolder(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  // Node's own copy knows nothing of owners, extended attributes and device nodes.
  if (readdirSync(from).length > 0) await run("cp", { args: ["-a", "--", `${from}/.`, to], stdout: false });
  const { uid, gid, mode } = statSync(from);
  chownSync(to, uid, gid);
  chmodSync(to, mode & 0o7777);
}
