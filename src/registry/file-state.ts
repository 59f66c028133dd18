/** Files that are read again when they change. */
import { statSync } from "node:fs";

/** What tells that a file was changed since: undefined when there is none. */
export function fileState(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}` : undefined;
}
