/** The last words of a container that named a file for them by annotation, without mounting one there. */
import { closeSync, constants, openSync, readSync } from "node:fs";
import type { ContainerRecord } from "./record.ts";
import { securePath } from "./spec/secure-path.ts";

/** As the kubelet writes it. */
const annotation = "io.kubernetes.container.terminationMessagePath";
/** The kubelet's own limit. */
const maximumBytes = 4096;

/** The path inside a container of the message it may leave; undefined for none, and for a file that the kubelet mounts and reads. */
export function messagePath({ config }: ContainerRecord): string | undefined {
  const path = config.annotations[annotation];
  return config.mounts.some(({ containerPath }) => containerPath === path) ? undefined : path || undefined;
}

/**
 * What the container has written to its termination message path inside `rootfs`, 4 KiB at most; empty when there is nothing.
 * No process of the container may run any more.
 */
export function terminationMessage(record: ContainerRecord, rootfs: string): string {
  const path = messagePath(record);
  if (path === undefined) return "";
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
