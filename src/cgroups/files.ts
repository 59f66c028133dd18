/** Reading the kernel's small files, such as those of a cgroup: quickly, and without a fuss where there is none. */
import { closeSync, openSync, readSync } from "node:fs";

/** No cgroup file is longer; one call gets it whole, which takes half of what readFileSync does. */
const buffer = Buffer.allocUnsafe(16 * 1024);

/** What of a cgroup goes away while it is read, and what a kernel may lack: pressure can be switched off. */
const absent = new Set(["ENOENT", "ENODEV", "EOPNOTSUPP"]);

/** The text of a cgroup's file; undefined where the file or the cgroup is not there. */
export function readCgroupFile(folder: string, name: string): string | undefined {
  try {
    const fd = openSync(`${folder}/${name}`, "r");
    try {
      return buffer.toString("latin1", 0, readSync(fd, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (absent.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
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
