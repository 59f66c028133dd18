/** Locks that end with their process: flock(2). */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { check, declare, LinuxError } from "./libc.ts";

const flock = declare("int flock(int fd, int operation)");
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Takes the lock of `path` (made if absent) for as long as this process lives. False when another process has it. */
export function takeLock(path: string): boolean {
  mkdirSync(dirname(path), { recursive: true });
  return lock(path) !== undefined;
}

/** What `work` answers, done under the lock of `path`; undefined, and nothing done, while another process has it. */
export function withLock<T>(path: string, work: () => T): T | undefined {
  const fd = lock(path);
  if (fd === undefined) return undefined;
  try {
    return work();
  } finally {
    closeSync(fd);
  }
}

/** A descriptor that has the lock; undefined where another has it. */
function lock(path: string): number | undefined {
  const fd = openSync(path, "a", 0o600);
  try {
    check(flock(fd, LOCK_EX | LOCK_NB), "flock", path);
    return fd;
  } catch (error) {
    closeSync(fd);
    if (error instanceof LinuxError && error.code === "EAGAIN") return undefined;
    throw error;
  }
}
