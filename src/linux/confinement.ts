/** A root and a umask of a thread's own: what unshare(CLONE_FS) and chroot(2) do for a worker. */
import { closeSync, constants, openSync } from "node:fs";
import { check, declare } from "./libc.ts";

const unshareCall = declare("int unshare(int flags)");
const chrootCall = declare("int chroot(const char *path)");
const chdirCall = declare("int chdir(const char *path)");
const fchdirCall = declare("int fchdir(int fd)");
const umaskCall = declare("unsigned int umask(unsigned int mask)");

const CLONE_FS = 0x200;

/**
 * Gives the calling thread its own root, working folder and umask (which becomes 0). For a worker that does only
 * synchronous fs calls: asynchronous ones run on threads that keep the daemon's root.
 */
export class Confinement {
  readonly #home: number;
  #root: string | undefined;

  constructor() {
    this.#home = openSync("/", "r");
    check(unshareCall(CLONE_FS), "unshare", "CLONE_FS");
    umaskCall(0);
  }

  /** Makes `folder`, a path of the root the thread was made with, its root. Throws LinuxError. */
  enter(folder: string): void {
    if (this.#root === folder) return;
    this.leave();
    check(chrootCall(folder), "chroot", folder);
    this.#root = folder;
    check(chdirCall("/"), "chdir", "/");
  }

  /** Runs `work` with `folder`, which must be no link, as the thread's working folder. Throws ENOTDIR, ENOENT and LinuxError. */
  within(folder: Buffer, work: () => void): void {
    const here = openSync(".", "r");
    try {
      const there = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      try {
        check(fchdirCall(there), "fchdir", "a folder");
        work();
      } finally {
        closeSync(there);
        check(fchdirCall(here), "fchdir", "the folder before");
      }
    } finally {
      closeSync(here);
    }
  }

  /** Goes back to the root the thread was made with. */
  leave(): void {
    if (this.#root === undefined) return;
    check(fchdirCall(this.#home), "fchdir", "/");
    check(chrootCall("."), "chroot", ".");
    this.#root = undefined;
  }
}
