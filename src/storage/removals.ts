/** Removal of mounts, folders and large files without keeping the daemon waiting for a disk. */
import { close, type Dirent, lstatSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../cri/status-error.ts";
import { unmountAll } from "../linux/mount.ts";
import { run } from "../linux/program.ts";
import { log } from "../log.ts";

/** What can be removed on the main thread in well under a millisecond. */
const QUICK_ENTRIES = 64;
const QUICK_BYTES = 16 * 1024 * 1024;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60 * 60 * 1000;
/** A container can make trees that are deeper than a path may be long: rm(1) goes down there step by step. */
const QUICK_PATH = 2048;

export class Removals {
  /** One after the other: a slow disk is not made faster by more. */
  #tail: Promise<void> = Promise.resolve();

  /** Removes a folder or file that may be gone already. What a crash leaves of it is swept at the next start. */
  remove(path: string): void {
    if (isQuick(path)) rmSync(path, { recursive: true, force: true });
    else this.removeLater(path);
  }

  /**
   * Removes a folder or file in the background, but nothing that is mounted in it. By a program: 10,000 files wait long
   * for the disk's journal, and no thread of ours shall.
   */
  removeLater(path: string): void {
    const args = ["-rf", "--one-file-system", "--", path];
    this.#later(path, async () => void (await run("rm", { args, stdout: false })));
  }

  /**
   * Takes the overlay on `target` away, then in the background the folder around it. The end of an overlay writes
   * its whole upper filesystem to the disk: an open descriptor puts that off until another thread closes it.
   * Neither needs to be there. Throws LinuxError.
   */
  removeMounted(target: string, folder: string): void {
    const held = openFolder(target);
    unmountAll(target);
    this.#later(folder, async () => {
      if (held !== undefined) await promisify(close)(held);
      this.remove(folder);
    });
  }

  /** Resolves when nothing is left to remove. */
  async idle(): Promise<void> {
    for (let seen: Promise<void> | undefined; seen !== this.#tail; ) {
      seen = this.#tail;
      await seen;
    }
  }

  /** What fails, for want of a process or of descriptors, is tried again, less and less often. */
  #later(path: string, work: () => Promise<void>, delayMs = FIRST_RETRY_MS): void {
    this.#tail = this.#tail.then(work).catch((error) => {
      log.error("a folder or file could not be removed", {
        path,
        again_in_ms: delayMs,
        error: messageOf(error),
      });
      const next = Math.min(delayMs * 2, LAST_RETRY_MS);
      setTimeout(() => this.#later(path, work, next), delayMs).unref();
    });
  }
}

function openFolder(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isQuick(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return !found || found.size <= QUICK_BYTES;
  const folders = [path];
  let entries = 0;
  let bytes = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (folder.length > QUICK_PATH) return false;
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
