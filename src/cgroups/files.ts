/** Reading a cgroup's files, and what their lines say. */
import { readOften } from "../linux/kept-files.ts";
import { readKernelFile } from "../linux/kernel-file.ts";

/** What was read so far, while work runs that is to read nothing twice. */
let known: Map<string, string | undefined> | undefined;

/** The text of a cgroup's file; undefined where the file or the cgroup is not there. */
export function readCgroupFile(folder: string, name: string): string | undefined {
  return readUnlessKnown(`${folder}/${name}`, readKernelFile);
}

function readUnlessKnown(path: string, read: (path: string) => string | undefined): string | undefined {
  if (!known) return read(path);
  if (known.has(path)) return known.get(path);
  const text = read(path);
  known.set(path, text);
  return text;
}

/** Does `work`, for which each file is read once, however many of its figures are asked for: all of one moment, and quicker. */
export function readingOnce<T>(work: () => T): T {
  known = new Map();
  try {
    return work();
  } finally {
    known = undefined;
  }
}

/** As `readCgroupFile`, of a figure that somebody may ask for every second. */
export function readFigure(folder: string, name: string): string | undefined {
  return readUnlessKnown(`${folder}/${name}`, readOften);
}

/** The value of `key` in a file of lines `key value`; undefined where no line has it. */
export function keyedValue(text: string, key: string): string | undefined {
  const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (start === 0 && !text.startsWith(`${key} `)) return undefined;
  const end = text.indexOf("\n", start);
  return text.slice(start + key.length + 1, end < 0 ? undefined : end);
}

/** As `keyedValue`, of a number. */
export function keyedNumber(text: string, key: string): number | undefined {
  const value = keyedValue(text, key);
  return value === undefined ? undefined : Number(value);
}
