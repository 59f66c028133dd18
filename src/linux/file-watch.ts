/** Follows what files contain, also where their paths lead through symbolic links that are swapped. */
import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { FolderWatch } from "./folder-watch.ts";

/** As many symbolic links as the kernel follows in one path. */
const MOST_LINKS = 40;

/** Calls back soon after one of the files may have changed. Files whose path is absolute; they need not exist. */
export class FileWatch {
  readonly #files: readonly string[];
  readonly #changed: () => void;
  readonly #folders = new Map<string, FolderWatch>();

  constructor(files: readonly string[], changed: () => void) {
    this.#files = files;
    this.#changed = changed;
    this.#follow();
  }

  close(): void {
    for (const watch of this.#folders.values()) watch.close();
    this.#folders.clear();
  }

  #follow(): void {
    const wanted = new Set(this.#files.flatMap(foldersOf));
    for (const [folder, watch] of this.#folders) {
      if (wanted.has(folder)) continue;
      watch.close();
      this.#folders.delete(folder);
    }
    for (const folder of wanted) {
      if (!this.#folders.has(folder))
        this.#folders.set(folder, new FolderWatch(folder, () => this.#notice()));
    }
  }

  #notice(): void {
    // A link that was swapped leads to another folder: that one counts from now on.
    this.#follow();
    this.#changed();
  }
}

/** The folders whose entries decide which file `path` is: its own, and that of each symbolic link on the way. */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  const ahead = path.split("/").filter(Boolean);
  let folder = "/";
  let links = 0;
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    const entry = join(folder, name);
    const isLink = lstatSync(entry, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
    if (isLink || ahead.length === 0) folders.push(folder);
    if (!isLink) {
      folder = entry;
      continue;
    }
    if (++links > MOST_LINKS) break;
    const target = readlinkSync(entry);
    if (target.startsWith("/")) folder = "/";
    ahead.unshift(...target.split("/").filter(Boolean));
  }
  return folders;
}
