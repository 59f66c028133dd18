/** The C library, loaded once a thread by koffi; every other file of this folder calls through here. */
import { constants } from "node:os";
import koffi from "koffi";

const libc = koffi.load("libc.so.6");

// Of two names for one number the first counts: EAGAIN, not EWOULDBLOCK.
const errnoNames = new Map<number, string>(
  Object.entries(constants.errno)
    .map(([name, value]): [number, string] => [value, name])
    .reverse(),
);

/** A system call that failed. `code` is the errno's name (`EBUSY`), as in Node's own errors. */
export class LinuxError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number, detail: string) {
    const code = errnoNames.get(errno) ?? `E${errno}`;
    super(`${syscall} ${detail}: ${code}`);
    this.name = "LinuxError";
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** Declares a function of the C library by its C prototype. */
export function declare(prototype: string): ReturnType<typeof libc.func> {
  return libc.func(prototype);
}

/** The errno of this thread's last call, where it fails too often for an exception each time. */
export function lastErrno(): number {
  return koffi.errno();
}

/** Returns `result` of `syscall`, or throws what errno says when it is -1. */
export function check(result: number, syscall: string, detail: string): number {
  if (result === -1) throw new LinuxError(syscall, koffi.errno(), detail);
  return result;
}
