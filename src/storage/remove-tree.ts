/** Removal of a folder, or of a large file, by a thread that has other things to do as well. */
import { lstatSync, readdirSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { filePath } from "./layer-path.ts";

/** How long, in milliseconds, files are removed in one go. */
const TURN_MS = 5;
/** Below folders of longer paths there may be what no path reaches (PATH_MAX): Node's own removal goes by descriptors. */
const LONG_PATH = 2048;

/**
 * Removes a folder with all that is in it, in turns, or a file; `back` is called after each pause. What is gone
 * already is passed over. Rejects with the error of a system call.
 */
export async function removeTree(path: string, back: () => void): Promise<void> {
  let began = performance.now();
  const top = Buffer.from(path).toString("latin1");
  const found = lstatSync(filePath(top), { throwIfNoEntry: false });
  if (found?.isDirectory()) await removeFolder(top);
  else if (found) unlessGone(() => unlinkSync(filePath(top)));

  async function removeFolder(folder: string): Promise<void> {
    if (folder.length > LONG_PATH) return rmSync(filePath(folder), { recursive: true, force: true });
    for (const entry of entriesOf(folder)) {
      const at = `${folder}/${entry.name}`;
      if (entry.isDirectory()) await removeFolder(at);
      else unlessGone(() => unlinkSync(filePath(at)));
      if (performance.now() - began < TURN_MS) continue;
      await setImmediate();
      back();
      began = performance.now();
    }
    unlessGone(() => rmdirSync(filePath(folder)));
  }
}

function entriesOf(folder: string) {
  const read = () => readdirSync(filePath(folder), { encoding: "latin1", withFileTypes: true });
  return unlessGone(read) ?? [];
}

function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
}
