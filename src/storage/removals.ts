/** Removal of folders: at once where there is little in them, else by a worker, one folder after the other. */
import { type Dirent, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import type { UnpackPool } from "./unpack.ts";

/** What can be removed on the main thread in well under a millisecond. */
const QUICK_ENTRIES = 64;
const QUICK_BYTES = 16 * 1024 * 1024;

export class Removals {
  readonly #pool: UnpackPool;
  #tail: Promise<void> = Promise.resolve();

  constructor(pool: UnpackPool) {
    this.#pool = pool;
  }

  /** Removes a folder that may be gone already. What a crash leaves of it is swept at the next start. */
  remove(path: string): void {
    if (isQuick(path)) rmSync(path, { recursive: true, force: true });
    else this.removeLater(path);
  }

  /** Removes a folder in the background. */
  removeLater(path: string): void {
    this.#tail = this.#tail
      .then(() => this.#pool.remove(path))
      .catch((error) => {
        log.error("a folder could not be removed", { path, error: messageOf(error) });
      });
  }

  /** Resolves when nothing is left to remove. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}

function isQuick(path: string): boolean {
  const folders = [path];
  let entries = 0;
  let bytes = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of read(folder)) {
      if (++entries > QUICK_ENTRIES) return false;
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
      else if (entry.isFile())
        bytes += lstatSync(join(folder, entry.name), { throwIfNoEntry: false })?.size ?? 0;
      if (bytes > QUICK_BYTES) return false;
    }
  }
  return true;
}

function read(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
