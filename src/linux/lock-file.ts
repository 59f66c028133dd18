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
  const fd = openSync(path, "a", 0o600);
  try {
    check(flock(fd, LOCK_EX | LOCK_NB), "flock", path);
    return true;
  } catch (error) {
    closeSync(fd);
    if (error instanceof LinuxError && error.code === "EAGAIN") return false;
    throw error;
  }
}
