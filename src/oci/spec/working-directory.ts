/** The folder a container's process starts in. */
import { existsSync } from "node:fs";
import { posix } from "node:path";
import { invalidArgument } from "../../cri/status-error.ts";
import type { Owner } from "../../linux/user-namespace.ts";
import type { ImageConfig } from "./image-config.ts";
import { makeFolder } from "./made-folder.ts";
import { securePath } from "./secure-path.ts";

/**
 * The request's `working_dir`, else the image's, else `/`; made inside `rootfs` where it is missing, since
 * not every runtime does that, for `owner`. INVALID_ARGUMENT for a relative one.
 */
export function workingDirectory(
  rootfs: string,
  requested: string,
  image: ImageConfig,
  owner: Owner = { uid: 0, gid: 0 },
): string {
  if (requested !== "" && !requested.startsWith("/")) {
    throw invalidArgument("config.working_dir", requested, "it must be an absolute path");
  }
  const cwd = posix.resolve("/", requested || image.WorkingDir || "/");
  const folder = securePath(rootfs, cwd);
  if (!existsSync(folder)) makeFolder(folder, owner);
  return cwd;
}
