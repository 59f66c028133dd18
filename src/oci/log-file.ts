/** A container's log, which the monitor opens by its path: nobody who can write in the pod's log folder may lead it elsewhere. */
import { lstatSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { failedPrecondition } from "../cri/status-error.ts";

/**
 * Makes the folders between `directory`, the pod's, and the log at `path` below it. FAILED_PRECONDITION where one of them is a link, or
 * where the log, or what the monitor makes of it when it is reopened, is anything but a plain file: the monitor, which is root,
 * would write where a link leads, and wait for ever at a FIFO.
 */
export function prepareLog(directory: string, path: string): void {
  mkdirSync(directory, { recursive: true });
  let folder = join(directory);
  for (const part of dirname(path.slice(folder.length)).split("/").filter(Boolean)) {
    folder = join(folder, part);
    const stats = lstatSync(folder, { throwIfNoEntry: false });
    if (!stats) mkdirSync(folder);
    else if (!stats.isDirectory()) throw notPlain(folder, "a folder");
  }
  for (const file of [path, `${path}.tmp`]) {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats && !stats.isFile()) throw notPlain(file, "a plain file");
  }
}

function notPlain(path: string, right: string) {
  return failedPrecondition(`the container's log cannot be written: ${path} is not ${right}`);
}
