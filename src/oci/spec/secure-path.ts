/**
 * Paths inside a root file system whose links may point anywhere: they are followed as a process chrooted
 * there would.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { join } from "node:path";

/** As many links as the kernel follows. */
const maximumLinks = 40;

/**
 * The host's path of `path` inside `root`, with every link resolved within `root`; what does not exist is
 * taken as it is named. Sound as long as nobody changes the tree meanwhile: for containers not yet started.
 * Throws ELOOP.
 */
export function securePath(root: string, path: string): string {
  const pending = path.split("/");
  const resolved: string[] = [];
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      resolved.pop();
      continue;
    }
    const here = join(root, ...resolved, part);
    if (!lstatSync(here, { throwIfNoEntry: false })?.isSymbolicLink()) {
      resolved.push(part);
      continue;
    }
    if (++links > maximumLinks) throw loopError(path);
    const target = readlinkSync(here);
    if (target.startsWith("/")) resolved.length = 0;
    pending.unshift(...target.split("/"));
  }
  return join(root, ...resolved);
}

/**
 * The text of file `path` inside `root`, or undefined where there is none. Throws for what is not a plain
 * file or is larger than `maximumBytes`: an image must not hold the daemon up with a FIFO or a huge file.
 */
export function readFileInRoot(root: string, path: string, maximumBytes: number): string | undefined {
  const file = securePath(root, path);
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (!stat.isFile()) throw new Error(`${path} of the image is not a plain file`);
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(descriptor);
    if (size > maximumBytes) throw new Error(`${path} of the image has ${size} bytes, over ${maximumBytes}`);
    const bytes = Buffer.alloc(size);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

function loopError(path: string): Error {
  return Object.assign(new Error(`ELOOP: too many symbolic links in ${path}`), { code: "ELOOP" });
}
