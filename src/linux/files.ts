/** Calls on files that Node's fs lacks: device nodes, extended attributes, times in nanoseconds, syncfs. */
import { closeSync, openSync } from "node:fs";
import { promisify } from "node:util";
import koffi from "koffi";
import { check, declare, LinuxError } from "./libc.ts";

const mknodCall = declare("int mknod(const char *path, unsigned int mode, unsigned long device)");
const lsetxattrCall = declare(
  "int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)",
);
const lgetxattrCall = declare(
  "long lgetxattr(const char *path, const char *name, _Out_ void *value, size_t size)",
);
const llistxattrCall = declare("long llistxattr(const char *path, _Out_ void *list, size_t size)");
const utimensatCall = declare("int utimensat(int folder, const char *path, const void *times, int flags)");
const futimensCall = declare("int futimens(int fd, const void *times)");
const syncfsCall = declare("int syncfs(int fd)");

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** The kernel's limit for the value of an attribute and for the list of names. */
const XATTR_MAX = 65_536;

export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;

/** A path as Node takes it, or its bytes where they are not UTF-8 (no NUL at the end). */
export type FilePath = string | Buffer;

const NUL = Buffer.alloc(1);
const terminated = (path: FilePath) => (typeof path === "string" ? path : Buffer.concat([path, NUL]));

/** Makes a device node or FIFO; `mode` is type and permissions, less the umask. Throws LinuxError. */
export function mknod(path: FilePath, mode: number, major = 0, minor = 0): void {
  check(mknodCall(terminated(path), mode, deviceNumber(major, minor)), "mknod", String(path));
}

/** The kernel's dev_t as the C library packs it. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
  );
}

/** Sets an extended attribute, of the link itself where `path` is one. Throws LinuxError. */
export function setXattr(path: FilePath, name: string, value: Buffer): void {
  check(lsetxattrCall(terminated(path), name, value, value.length, 0), "lsetxattr", `${name} of ${path}`);
}

/** An extended attribute; undefined where it is not set or the filesystem has none. Throws LinuxError. */
export function getXattr(path: FilePath, name: string): Buffer | undefined {
  const value = Buffer.alloc(XATTR_MAX);
  const size = Number(lgetxattrCall(terminated(path), name, value, value.length));
  if (size >= 0) return Buffer.from(value.subarray(0, size));
  const error = new LinuxError("lgetxattr", koffi.errno(), `${name} of ${path}`);
  if (error.code === "ENODATA" || error.code === "EOPNOTSUPP" || error.code === "ENOTSUP") return undefined;
  throw error;
}

/** The names of all extended attributes. Throws LinuxError. */
export function listXattrs(path: FilePath): string[] {
  const list = Buffer.alloc(XATTR_MAX);
  const size = check(Number(llistxattrCall(terminated(path), list, list.length)), "llistxattr", String(path));
  return list.toString("utf8", 0, size).split("\0").filter(Boolean);
}

/** Two timespecs: access and modification at the same instant. */
function timespecs(seconds: number, nanoseconds: number): Buffer {
  const times = Buffer.alloc(32);
  for (const offset of [0, 16]) {
    times.writeBigInt64LE(BigInt(seconds), offset);
    times.writeBigInt64LE(BigInt(nanoseconds), offset + 8);
  }
  return times;
}

/** Sets both times of a path, of the link itself where it is one. Throws LinuxError. */
export function setTimes(path: FilePath, seconds: number, nanoseconds: number): void {
  const times = timespecs(seconds, nanoseconds);
  check(utimensatCall(AT_FDCWD, terminated(path), times, AT_SYMLINK_NOFOLLOW), "utimensat", String(path));
}

/** Sets both times of an open file. Throws LinuxError. */
export function setTimesOf(fd: number, seconds: number, nanoseconds: number): void {
  check(futimensCall(fd, timespecs(seconds, nanoseconds)), "futimens", String(fd));
}

/** Writes everything of the filesystem that holds `folder` to its disk, off this thread. Rejects with LinuxError. */
export async function syncFilesystem(folder: string): Promise<void> {
  const fd = openSync(folder, "r");
  try {
    check(await promisify<number, number>(syncfsCall.async)(fd), "syncfs", folder);
  } finally {
    closeSync(fd);
  }
}
