/** The last words of a container that named a file for them by annotation, without mounting one there. */
import { closeSync, constants, openSync, readSync } from "node:fs";
import type { ContainerRecord } from "./record.ts";
import { securePath } from "./spec/secure-path.ts";

/** As the kubelet writes it. */
const annotation = "io.kubernetes.container.terminationMessagePath";
/** The kubelet's own limit. */
const maximumBytes = 4096;

/**
 * What the container has written to its termination message path inside `rootfs`, 4 KiB at most; empty when there is nothing.
 * A file that the kubelet has mounted is left to the kubelet, which reads it itself. No process of the container may run any more.
 */
export function terminationMessage({ config }: ContainerRecord, rootfs: string): string {
  const path = config.annotations[annotation];
  if (!path || config.mounts.some(({ containerPath }) => containerPath === path)) return "";
  let file: number;
  try {
    file = openSync(
      securePath(rootfs, path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch {
    return "";
  }
  try {
    const buffer = Buffer.alloc(maximumBytes);
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, maximumBytes, null));
  } catch {
    return "";
  } finally {
    closeSync(file);
  }
}
