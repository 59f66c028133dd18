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

/** The path of the program called `name` in PATH, or in a folder of root's that PATH may lack; undefined where none has it. */
export function programInPath(name: string): string | undefined {
  const folders = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`.split(":").filter(Boolean);
  return folders.map((folder) => `${folder}/${name}`).find(isExecutable);
}
