/** Owners, modes, times and extended attributes of what a layer holds. */
import { chmodSync, lchownSync, type Stats } from "node:fs";
import { setTimes, setXattr } from "../linux/files.ts";
import { filePath } from "./layer-path.ts";
import type { TarEntry } from "./tar-reader.ts";

export const OPAQUE_XATTR = "trusted.overlay.opaque";

/** The part of an entry that is set on what it names. */
export type Attributes = Pick<TarEntry, "uid" | "gid" | "mode" | "mtime" | "mtimeNanoseconds" | "xattrs">;

/** Sets everything; a symlink has no mode of its own. */
export function setAttributes(path: string, attributes: Attributes, hasMode = true): void {
  lchownSync(filePath(path), attributes.uid, attributes.gid);
  if (hasMode) chmodSync(filePath(path), attributes.mode);
  setXattrs(path, attributes.xattrs);
  setTimes(filePath(path), attributes.mtime, attributes.mtimeNanoseconds);
}

/** Sets the attributes that an image may bring; one that this filesystem has no place for is left out. */
export function setXattrs(path: string, xattrs: Map<string, Buffer>): void {
  for (const [name, value] of xattrs) {
    if (!mayBring(name)) continue;
    try {
      setXattr(filePath(path), name, value);
    } catch (error) {
      const { code } = error as { code?: string };
      // EPERM: the kernel allows user.* on files and folders only.
      const unsupported = code === "EOPNOTSUPP" || code === "ENOTSUP" || code === "EPERM";
      if (!unsupported || name === "security.capability") throw error;
    }
  }
}

/** overlayfs reads its own attributes as instructions, and the host's security modules set theirs. */
export function mayBring(name: string): boolean {
  if (/^(trusted|user)\.overlay\./.test(name)) return false;
  return !name.startsWith("security.") || name === "security.capability";
}

/** Whether this is overlayfs's sign that a name is gone: a character device 0/0. */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}
