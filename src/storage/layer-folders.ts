/** The folders of a layer that is being written: made, described and marked at the end, when nothing changes in them any more. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { setXattr } from "../linux/files.ts";
import { type Attributes, isWhiteout, OPAQUE_XATTR, setAttributes } from "./layer-attributes.ts";
import { baseOf, filePath, folderOf, joined, layerPath } from "./layer-path.ts";
import { TarError } from "./tar-header.ts";

/** While a layer is written only root has a business in its folders. */
const WORKING_MODE = 0o700;
/** Of a folder that no entry describes, unless the layers below do. */
const IMPLICIT_MODE = 0o755;
/** As many symlinks as the kernel follows in one path. */
const MAXIMUM_LINKS = 40;

export class LayerFolders {
  /** Folders that exist, by path; without attributes where no entry has described them. */
  readonly #known = new Map<string, Attributes | undefined>([["/", undefined]]);
  /** Where a path leads that has a symlink in it. */
  readonly #resolved = new Map<string, string>();
  readonly #opaque = new Set<string>();
  /** Symlinks on the way to the folder that is looked for now. */
  #links = 0;
  /** Folders made so far. */
  made = 0;
  /** Whether a folder has taken the place of something else. */
  replaced = false;

  /** Makes the folder of an entry, or describes anew the one that is there. */
  make(path: string, attributes: Attributes): void {
    if (!this.#known.has(path)) this.#create(path);
    this.#known.set(path, attributes);
  }

  /** Sets what a folder that exists is to look like. */
  describe(path: string, attributes: Attributes): void {
    this.#known.set(path, attributes);
  }

  /** Hides what the layers below have in the folder. */
  makeOpaque(path: string): void {
    this.#opaque.add(path);
  }

  /** The folder that `path` means, symlinks followed; made with its parents where it is missing. Throws TarError. */
  ensure(path: string): string {
    if (this.#known.has(path)) return path;
    this.#links = 0;
    return this.#resolve(path);
  }

  /** Removes what is at `path`, a folder with everything below it. */
  remove(path: string): void {
    if (lstatSync(filePath(path)).isDirectory()) this.#forget(path);
    // A path through a symlink of this name led elsewhere until now.
    this.#resolved.clear();
    rmSync(filePath(path), { recursive: true });
  }

  /** Describes and marks all folders. What no entry described is told, parents first. */
  finish(): { implicit: string[]; opaque: boolean } {
    const implicit: string[] = [];
    for (const [path, attributes] of this.#known) {
      if (attributes) {
        setAttributes(path, attributes);
        continue;
      }
      chmodSync(filePath(path), IMPLICIT_MODE);
      implicit.push(path);
    }
    for (const path of this.#opaque)
      if (path !== "/") setXattr(filePath(path), OPAQUE_XATTR, Buffer.from("y"));
    return { implicit, opaque: this.#opaque.has("/") };
  }

  #resolve(path: string): string {
    if (this.#known.has(path)) return path;
    const before = this.#resolved.get(path);
    if (before !== undefined) return before;
    const real = joined(this.#resolve(folderOf(path)), baseOf(path));
    const folder = this.#known.has(real) ? real : this.#enter(real);
    if (folder !== path) this.#resolved.set(path, folder);
    return folder;
  }

  /** Looks at what is there, not through all that is known: a layer may replace its folders again and again. */
  #forget(path: string): void {
    this.#known.delete(path);
    this.#opaque.delete(path);
    for (const entry of readdirSync(filePath(path), { encoding: "latin1", withFileTypes: true })) {
      if (entry.isDirectory()) this.#forget(joined(path, entry.name));
    }
  }

  /** Makes a folder in place of what is not one. One that takes a whiteout's place still hides what is below. */
  #create(path: string): void {
    try {
      mkdirSync(filePath(path), WORKING_MODE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const present = lstatSync(filePath(path));
      rmSync(filePath(path));
      this.replaced = true;
      // A path through this name led elsewhere until now.
      this.#resolved.clear();
      mkdirSync(filePath(path), WORKING_MODE);
      if (isWhiteout(present)) this.makeOpaque(path);
    }
    this.made++;
  }

  /** The folder at `path`, whose parents are real: there, made, or where a symlink leads. */
  #enter(path: string): string {
    const present = lstatSync(filePath(path), { throwIfNoEntry: false });
    if (present?.isSymbolicLink()) {
      if (++this.#links > MAXIMUM_LINKS) throw new TarError(`${path} leads through too many symlinks`);
      const target = readlinkSync(filePath(path), "latin1");
      const from = target.startsWith("/") ? "" : folderOf(path);
      return this.#resolve(layerPath(`${from}/${target}`));
    }
    if (present && !isWhiteout(present)) throw new TarError(`${path} has entries in it, but is not a folder`);
    this.#create(path);
    this.#known.set(path, undefined);
    return path;
  }
}
