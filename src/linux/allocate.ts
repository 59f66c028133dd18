/** Space on disk that a file is given before it is written: fallocate(2). */
import { fstatSync } from "node:fs";
import { check, declare, LinuxError } from "./libc.ts";

const fallocateCall = declare("int fallocate(int fd, int mode, long offset, long length)");
const FALLOC_FL_KEEP_SIZE = 1;

/**
 * Sees to it that the file's first `bytes` have their place on disk; its size stays, and nobody else can take the space.
 * Does nothing where the filesystem cannot promise that. Throws LinuxError, with ENOSPC where there is no room.
 */
export function allocate(fd: number, bytes: number): void {
  if (fstatSync(fd).blocks * 512 >= bytes) return;
  try {
    check(fallocateCall(fd, FALLOC_FL_KEEP_SIZE, 0, bytes), "fallocate", `${bytes} bytes`);
  } catch (error) {
    if (error instanceof LinuxError && ["EOPNOTSUPP", "ENOTSUP", "ENOSYS"].includes(error.code)) return;
    throw error;
  }
}
