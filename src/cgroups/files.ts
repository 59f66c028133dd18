/** Reading a cgroup's files, and what their lines say. */
import { readKernelFile } from "../linux/kernel-file.ts";

/** The text of a cgroup's file; undefined where the file or the cgroup is not there. */
export function readCgroupFile(folder: string, name: string): string | undefined {
  return readKernelFile(`${folder}/${name}`);
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
