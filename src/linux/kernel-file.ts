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
  try {
    const fd = openSync(path, "r");
    try {
      return readAll(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (absent.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function readAll(fd: number): string {
  let text = "";
  for (;;) {
    const count = readSync(fd, buffer, 0, buffer.length, null);
    text += buffer.toString("latin1", 0, count);
    if (count < halfPage) return text;
  }
}
