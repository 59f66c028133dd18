/** Follows what happens in a folder, also one that comes later, goes, or is replaced. */
import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";

// A file is often made, filled and renamed in one go: one call for all of that.
const SETTLE_MS = 50;

/** Calls back soon after anything in the folder changed, by inotify on it or on its nearest ancestor that exists. */
export class FolderWatch {
  readonly #folder: string;
  readonly #changed: () => void;
  #watcher: FSWatcher | undefined;
  #watched: { path: string; inode: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, changed: () => void) {
    this.#folder = folder;
    this.#changed = changed;
    this.#follow();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  // Watches the deepest part of the path that exists; looks again after, for it may have grown meanwhile.
  #follow(): void {
    for (;;) {
      const nearest = nearestFolder(this.#folder);
      if (nearest.path === this.#watched?.path && nearest.inode === this.#watched.inode) return;
      this.#watcher?.close();
      this.#watched = nearest;
      try {
        this.#watcher = watch(nearest.path, { persistent: false }, (_event, file) => this.#notice(file));
        this.#watcher.on("error", () => this.#notice(null));
      } catch (error) {
        this.#watched = undefined;
        // Gone between the look and the watch: look again. Anything else (no inotify watch left) would only recur.
        if ((error as { code?: string }).code === "ENOENT") continue;
        log.error("folder cannot be followed", { folder: this.#folder, error: messageOf(error) });
        return;
      }
    }
  }

  #notice(file: string | null): void {
    const before = this.#watched;
    // An event of the folder itself carries its own name: it may be another one now, even with the same inode.
    if (before && (file === null || file === basename(before.path))) this.#watched = undefined;
    this.#follow();
    if (before?.path === this.#folder || this.#watched?.path === this.#folder) this.#settle();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, SETTLE_MS).unref();
  }
}

function nearestFolder(path: string): { path: string; inode: number } {
  for (let candidate = path; ; candidate = dirname(candidate)) {
    const entry = statSync(candidate, { throwIfNoEntry: false });
    if (entry?.isDirectory()) return { path: candidate, inode: entry.ino };
  }
}
