/** Names of an archive as paths below a layer's root. Strings hold one byte a character, as TarReader gives them. */
import type { FilePath } from "../linux/files.ts";

/** The absolute path a name means, seen from the layer's root: `..` goes no further up than that. */
export function layerPath(name: string): string {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** The folder of a path by `layerPath`; the root's is the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/** The last component of a path by `layerPath`; the root's is empty. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function joined(folder: string, base: string): string {
  return folder === "/" ? `/${base}` : `${folder}/${base}`;
}

/** What the file system calls take for these bytes. */
export function filePath(path: string): FilePath {
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) > 0x7f) return Buffer.from(path, "latin1");
  return path;
}
