/** Reading the small files that the kernel makes up, of cgroups and of /proc: quickly, and without a fuss where there is none. */
import { closeSync, openSync, readSync } from "node:fs";

/** Most files are read by one call, which takes half of what readFileSync does. */
const buffer = Buffer.allocUnsafe(16 * 1024);

/** Lists come a page at a time, so that a read of less than half of one was the last: no line is that long. */
const halfPage = 2048;

/** What of a cgroup or a process goes away while it is read (a zombie has no network: EINVAL), and what a kernel may lack: pressure can be off. */
const absent = new Set(["ENOENT", "ESRCH", "ENODEV", "EINVAL", "EOPNOTSUPP"]);

/** The text of a file that the kernel makes up when it is read; undefined where that, or what it tells of, is not there. */
export function readKernelFile(path: string): string | undefined {
  return unlessAbsent(() => {
    const fd = openSync(path, "r");
    try {
      return readFromStart(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/** What `read` answers; undefined where it fails because that of which the file tells is not there. */
export function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (absent.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** The whole text of an open file, as the kernel makes it up now. */
export function readFromStart(fd: number): string {
  let text = "";
  for (let at = 0; ; ) {
    const count = readSync(fd, buffer, 0, buffer.length, at);
    text += buffer.toString("latin1", 0, count);
    if (count < halfPage) return text;
    at += count;
  }
}
