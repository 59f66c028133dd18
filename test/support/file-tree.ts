/** A folder as text, so that two of them can be compared. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import { getXattr, listXattrs } from "../../src/linux/files.ts";

/**
 * All below and with `root`, a line each: path, type and mode, owner, device, extended attributes; of what is no folder
 * also time, number of links with the first path of the same file, and content. Lines are in order of path.
 */
export function fileTree(root: string): string[] {
  const firsts = new Map<number, string>();
  const names = ["", ...(readdirSync(root, { recursive: true }) as string[])].sort();
  return names.map((name) => {
    const path = join(root, name);
    const stats = lstatSync(path);
    const { mode, uid, gid, rdev } = stats;
    const common = [`/${name}`, mode.toString(8), `${uid}:${gid}`, rdev, xattrsOf(path)];
    if (stats.isDirectory()) return common.join(" ");
    if (!firsts.has(stats.ino)) firsts.set(stats.ino, name);
    const links = `${stats.nlink} of ${firsts.get(stats.ino)}`;
    return [...common, stats.mtimeMs, links, contentOf(path, stats)].join(" ");
  });
}

function xattrsOf(path: string): string {
  const names = listXattrs(path).sort();
  return `{${names.map((name) => `${name}=${getXattr(path, name)?.toString("hex")}`).join()}}`;
}

function contentOf(path: string, stats: Stats): string {
  if (stats.isSymbolicLink()) return readlinkSync(path);
  if (!stats.isFile()) return "";
  return `${stats.size} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
}
