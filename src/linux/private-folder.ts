/** Folders that other users of the machine may not enter: what a container writes is not for them, least of all its set-user-ID programs. */
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder that only root may enter and, where `gid` is not 0, that group: root of a user namespace must get to its root
 * filesystem. The folders above that are absent may be passed through. It may be there.
 */
export function makePrivateFolder(path: string, gid = 0): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  mkdirSync(path, { recursive: true, mode: 0o700 });
  keepPrivate(path, gid);
}

/** Makes a folder that is there such a one. */
export function keepPrivate(path: string, gid = 0): void {
  if (gid !== 0) chownSync(path, 0, gid);
  chmodSync(path, gid === 0 ? 0o700 : 0o710);
}
