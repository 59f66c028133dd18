/** The running kernel. */
import { release } from "node:os";

/** Whether the kernel is of that version or a later one. */
export function kernelIsAtLeast(major: number, minor: number, running = release()): boolean {
  const [runningMajor = 0, runningMinor = 0] = running.split(/[.-]/).map(Number);
  return runningMajor > major || (runningMajor === major && runningMinor >= minor);
}
