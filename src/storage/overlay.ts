/** Overlay mounts of layers, however many there are. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { withFullDisk } from "../linux/full-disk.ts";
import { MS_NODEV, MS_NOSUID, MS_RDONLY, mount, unmountAll } from "../linux/mount.ts";

/** What an overlay is made of. Layers are folders' names below `folder`, the topmost first. */
export interface Overlay {
  folder: string;
  layers: string[];
  /** Where changes go; without it the mount is read-only, and there must be two layers at least. */
  writable?: { upper: string; work: string } | undefined;
  /** Without the powers of set-user-ID programs and device nodes: for what other users can get at. Default: with them. */
  powerless?: boolean;
  /** SELinux label of all its files; their own where absent. */
  label?: string | undefined;
}

/** The kernel copies one page of options, with a NUL at its end. */
const MAXIMUM_OPTIONS = 4095;

/**
 * Mounts an overlay on `target`. Layers are named relative to their folder, for which the process changes there for
 * the time of the call: 41 absolute paths would not always fit, and 500 short names do. Throws LinuxError, and an error for one
 * that is to be written and cannot be.
 */
export function mountOverlay(target: string, { folder, layers, writable, powerless, label }: Overlay): void {
  const parts = [`lowerdir=${layers.join(":")}`];
  if (writable) parts.push(`upperdir=${escaped(writable.upper)}`, `workdir=${escaped(writable.work)}`);
  // In quotes, for it has a comma.
  if (label) parts.push(`context="${label}"`);
  const options = parts.join(",");
  if (Buffer.byteLength(options) > MAXIMUM_OPTIONS) {
    throw new RangeError(`an overlay of ${layers.length} layers needs ${options.length} bytes of options`);
  }
  const flags = (writable ? 0 : MS_RDONLY) | (powerless ? MS_NOSUID | MS_NODEV : 0);
  const before = process.cwd();
  process.chdir(folder);
  try {
    mount("overlay", target, "overlay", flags, options);
  } finally {
    process.chdir(before);
  }
  if (writable) requireWork(target, writable.work);
}

/** Where the kernel cannot make a folder to work in, it mounts read-only all the same, and says so in its own log alone. */
function requireWork(target: string, work: string): void {
  if (existsSync(join(work, "work"))) return;
  unmountAll(target);
  throw withFullDisk(new Error(`the overlay on ${target} can only be read: it has no ${work}/work`), work);
}

/** A comma ends an option. */
function escaped(path: string): string {
  return path.replace(/[\\,]/g, "\\$&");
}
