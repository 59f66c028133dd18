/** Whether a file is a program. */
import { accessSync, constants } from "node:fs";

/** Whether the daemon may run the file at `path`. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
