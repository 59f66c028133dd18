/** Folders that a layer has without saying how they look: they look as in the layers below, which overlayfs would hide. */
import { lstatSync, type Stats } from "node:fs";
import { getXattr, listXattrs } from "../linux/files.ts";
import { mayBring, OPAQUE_XATTR, setAttributes } from "./layer-attributes.ts";
import { baseOf, filePath, folderOf, joined } from "./layer-path.ts";

/**
 * Gives each of `folders` (paths in `layer`, parents first) the owner, mode, times and attributes it has in the
 * nearest of the layers `below` (nearest first). One that is new stays as it is.
 */
export function inheritFolders(layer: string, folders: string[], below: string[]): void {
  for (const folder of folders) {
    const source = findBelow(folder, below);
    if (source) copyAttributes(source.path, source.stats, layer + folder);
  }
}

function findBelow(folder: string, below: string[]): { path: string; stats: Stats } | undefined {
  for (const layer of below) {
    const found = lookUp(layer, folder);
    if (found === "hidden") return undefined;
    if (found) return { path: layer + folder, stats: found };
  }
  return undefined;
}

/** The folder in one layer; "hidden" when this layer says that there is none, in it or below it. */
function lookUp(layer: string, folder: string): Stats | "hidden" | undefined {
  const parent = folder === "/" ? undefined : lookUp(layer, folderOf(folder));
  if (folder !== "/" && (parent === "hidden" || parent === undefined)) return parent;
  // No component is followed where it is a symlink: each was looked at before the next.
  const path = folder === "/" ? layer : layer + joined(folderOf(folder), baseOf(folder));
  const stats = lstatSync(filePath(path), { throwIfNoEntry: false });
  if (stats) return stats.isDirectory() ? stats : "hidden";
  return isOpaque(layer + folderOf(folder)) ? "hidden" : undefined;
}

function isOpaque(folder: string): boolean {
  return getXattr(filePath(folder), OPAQUE_XATTR)?.toString() === "y";
}

function copyAttributes(source: string, stats: Stats, target: string): void {
  const { uid, gid, mode, mtimeMs } = stats;
  const names = listXattrs(filePath(source)).filter(mayBring);
  const xattrs = new Map(names.map((name) => [name, getXattr(filePath(source), name) ?? Buffer.alloc(0)]));
  const mtime = Math.floor(mtimeMs / 1000);
  const mtimeNanoseconds = Math.round((mtimeMs - mtime * 1000) * 1_000_000);
  setAttributes(target, { uid, gid, mode: mode & 0o7777, mtime, mtimeNanoseconds, xattrs });
}
