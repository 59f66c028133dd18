/** Flags of inodes (ioctl_iflags(2)): what a filesystem is told about a folder. */
import { closeSync, openSync } from "node:fs";
import koffi from "koffi";
import { declare, LinuxError } from "./libc.ts";

const ioctlCall = declare("int ioctl(int fd, unsigned long request, _Inout_ void *argument)");

const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;
const FS_TOPDIR_FL = 0x00020000;

/**
 * Says that the folders in `folder` have nothing to do with each other, so that ext4 spreads them over the disk. Side
 * by side, files of a new folder cost a search through all inodes that were freed in the last minutes. Nothing
 * happens on filesystems without such a flag. Throws LinuxError.
 */
export function spreadFolders(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    const flags = Buffer.alloc(8);
    if (ioctlCall(fd, FS_IOC_GETFLAGS, flags) === 0) {
      flags.writeUInt32LE((flags.readUInt32LE() | FS_TOPDIR_FL) >>> 0);
      if (ioctlCall(fd, FS_IOC_SETFLAGS, flags) === 0) return;
    }
    const error = new LinuxError("ioctl", koffi.errno(), `the flags of ${folder}`);
    if (!["ENOTTY", "ENOTSUP", "EINVAL"].includes(error.code)) throw error;
  } finally {
    closeSync(fd);
  }
}
