/** Writes a layer's entries below the calling thread's root, which Confinement has made the layer's folder. */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { mknod, S_IFBLK, S_IFCHR, S_IFIFO, setTimesOf } from "../linux/files.ts";
import { setAttributes, setXattrs } from "./layer-attributes.ts";
import { LayerFolders } from "./layer-folders.ts";
import { baseOf, filePath, folderOf, joined, layerPath } from "./layer-path.ts";
import { measureFolder } from "./measure.ts";
import { TarError } from "./tar-header.ts";
import type { TarEntry, TarEntryType, TarHandler } from "./tar-reader.ts";

/** What a layer turned out to be once it was written. */
export interface WrittenLayer {
  /** What it takes on disk: contents in whole pages, and a page a folder. */
  bytes: number;
  inodes: number;
  /**
   * Folders that entries lie in without being entries themselves, parents first: they look like the folder of
   * that name in the layers below.
   */
  implicitFolders: string[];
  /** Whether the layer hides everything below it (an opaque whiteout in the root). */
  opaque: boolean;
}

const PAGE = 4096;
const WHITEOUT = ".wh.";
const WHITEOUT_META = ".wh..wh.";
const WHITEOUT_OPAQUE = ".wh..wh..opq";
const SPECIAL_BITS = 0o7000;
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

export class LayerWriter implements TarHandler {
  readonly #folders = new LayerFolders();
  #file: { fd: number; entry: TarEntry; path: string } | undefined;
  #bytes = 0;
  #inodes = 0;
  /** Whether an entry has taken the place of an earlier one. */
  #replaced = false;

  /** Writes what `entry` says; later entries replace earlier ones of the same name. */
  entry(entry: TarEntry): void {
    const path = layerPath(entry.path);
    if (path === "/") {
      this.#root(entry);
      return;
    }
    const folder = this.#folders.ensure(folderOf(path));
    const base = baseOf(path);
    if (base.startsWith(WHITEOUT)) this.#whiteout(folder, base, entry);
    else this.#write(joined(folder, base), entry);
  }

  data(chunk: Buffer, position: number): void {
    if (!this.#file) return;
    const { fd } = this.#file;
    for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at, chunk.length - at, position + at);
  }

  endFile(): void {
    if (!this.#file) return;
    const { fd, entry, path } = this.#file;
    if (entry.fragments) ftruncateSync(fd, entry.size);
    // New files are root's already; chown clears the set-user-id bit, so modes come after owners.
    const owned = entry.uid !== 0 || entry.gid !== 0;
    if (owned) fchownSync(fd, entry.uid, entry.gid);
    if (owned || entry.mode & SPECIAL_BITS) fchmodSync(fd, entry.mode);
    setXattrs(path, entry.xattrs);
    setTimesOf(fd, entry.mtime, entry.mtimeNanoseconds);
    this.close();
  }

  /** Closes what is still open after a failure. */
  close(): void {
    if (this.#file) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  /** Gives the folders their owners, modes and times, which writing in them has changed until now. */
  finish(): WrittenLayer {
    const { implicit, opaque } = this.#folders.finish();
    const { made, replaced } = this.#folders;
    const counted = { bytes: this.#bytes + made * PAGE, inodes: this.#inodes + made };
    // What was replaced has been counted, but is not there any more.
    const { bytes, inodes } = this.#replaced || replaced ? measureFolder("/") : counted;
    return { bytes, inodes, implicitFolders: implicit, opaque };
  }

  #root(entry: TarEntry): void {
    if (entry.type !== "directory") throw new TarError(`the root of the layer is a ${entry.type}`);
    this.#folders.describe("/", entry);
  }

  #write(path: string, entry: TarEntry): void {
    switch (entry.type) {
      case "directory":
        this.#folders.make(path, entry);
        break;
      case "file":
        this.#openFile(path, entry);
        break;
      case "hardlink":
        this.#link(path, entry);
        break;
      case "symlink":
        this.#special(path, entry, () => symlinkSync(filePath(entry.linkPath), filePath(path)));
        break;
      default:
        this.#special(path, entry, () => makeNode(path, entry));
    }
  }

  #openFile(path: string, entry: TarEntry): void {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const fd = this.#place(path, () => openSync(filePath(path), flags, entry.mode & ~SPECIAL_BITS));
    this.#file = { fd, entry, path };
    for (const { length } of entry.fragments ?? [{ length: entry.size }]) this.#bytes += wholePages(length);
    this.#inodes++;
  }

  #link(path: string, entry: TarEntry): void {
    const named = layerPath(entry.linkPath);
    const target = joined(this.#folders.ensure(folderOf(named)), baseOf(named));
    if (target === path) return;
    this.#place(path, () => linkSync(filePath(target), filePath(path)));
  }

  #special(path: string, entry: TarEntry, make: () => void): void {
    this.#place(path, make);
    setAttributes(path, entry, entry.type !== "symlink");
    this.#inodes++;
  }

  /** Makes what belongs at `path`, in place of what is there. */
  #place<T>(path: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      this.#clear(path);
      return make();
    }
  }

  #clear(path: string): void {
    this.#folders.remove(path);
    this.#replaced = true;
  }

  /** A whiteout hides what the layers below have, never what this layer has (OCI image specification, layer.md). */
  #whiteout(folder: string, base: string, { path }: TarEntry): void {
    if (base === WHITEOUT_OPAQUE) this.#folders.makeOpaque(folder);
    // AUFS kept its own affairs under these names.
    if (base.startsWith(WHITEOUT_META)) return;
    const name = base.slice(WHITEOUT.length);
    if (name === "" || name === "." || name === "..") throw new TarError(`${path} is a whiteout of no file`);
    const hidden = joined(folder, name);
    const present = lstatSync(filePath(hidden), { throwIfNoEntry: false });
    if (present?.isDirectory()) this.#folders.makeOpaque(hidden);
    if (present) return;
    mknod(filePath(hidden), S_IFCHR);
    this.#inodes++;
  }
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE;
}

const nodeTypes: Partial<Record<TarEntryType, number>> = {
  "character-device": S_IFCHR,
  "block-device": S_IFBLK,
  fifo: S_IFIFO,
};

function makeNode(path: string, { type, mode, major, minor }: TarEntry): void {
  mknod(filePath(path), nodeTypes[type]! | (mode & ~SPECIAL_BITS), major, minor);
}
