/** Programs that fail for want of space, and do not say so. */
import { statfsSync } from "node:fs";
import { messageOf } from "../cri/status-error.ts";

/** With so little left, in bytes or files, a program that fails most likely does because of that. */
const LITTLE_BYTES = 64 * 1024;
const LITTLE_FILES = 16;

/** The error of a program that works in `folder`, and that the disk there is full, where it is. */
export function withFullDisk(error: unknown, folder: string): unknown {
  const { bavail, bsize, ffree, files } = statfsSync(folder);
  // Filesystems that make inodes as they are needed count none.
  const isFull = bavail * bsize < LITTLE_BYTES || (files > 0 && ffree < LITTLE_FILES);
  if (!isFull || /no space left on device/i.test(messageOf(error))) return error;
  return new Error(`${messageOf(error)} (there is no space left on device, in ${folder})`, { cause: error });
}
