/** Files of the kernel that are read every second stay open meanwhile: to open and close one takes three times as long as to read it. */
import { closeSync, openSync } from "node:fs";
import { readFromStart, readKernelFile, unlessAbsent } from "./kernel-file.ts";

/** A file that is read again within so long stays open; it is closed after so long without a reader. */
const periodMs = 5000;

/** Each takes some 4.5 KB of the kernel's memory, and one of the descriptors that the daemon may have: three quarters are for others. */
const most = Math.min(4096, Math.floor(openFilesLimit() / 4));

interface KeptFile {
  fd: number;
  /** Whether somebody has read it in this period. */
  isRead: boolean;
}

const kept = new Map<string, KeptFile>();
/** Read in this period, and not kept. */
const readOnce = new Set<string>();
let isPeriodUnderWay = false;

/**
 * As `readKernelFile`, for a file that may be read again soon: the kernel must make up its text at every read, as it does for cgroups'
 * figures (not for their lists of processes).
 */
export function readOften(path: string): string | undefined {
  const file = kept.get(path);
  if (file === undefined) return readAnew(path);
  file.isRead = true;
  const text = unlessAbsent(() => readFromStart(file.fd));
  if (text !== undefined) return text;
  close(path, file);
  // There may be another of that name by now.
  return readKernelFile(path);
}

function readAnew(path: string): string | undefined {
  if (!isPeriodUnderWay) beginPeriod();
  if (!readOnce.has(path) || kept.size >= most) {
    readOnce.add(path);
    return readKernelFile(path);
  }
  return unlessAbsent(() => {
    const file = { fd: openSync(path, "r"), isRead: true };
    kept.set(path, file);
    readOnce.delete(path);
    return readFromStart(file.fd);
  });
}

function beginPeriod(): void {
  isPeriodUnderWay = true;
  setTimeout(endPeriod, periodMs).unref();
}

function endPeriod(): void {
  isPeriodUnderWay = false;
  readOnce.clear();
  for (const [path, file] of kept) {
    if (file.isRead) file.isRead = false;
    else close(path, file);
  }
  if (kept.size > 0) beginPeriod();
}

function close(path: string, { fd }: KeptFile): void {
  kept.delete(path);
  closeSync(fd);
}

function openFilesLimit(): number {
  const [, soft] = /^Max open files +(\d+)/m.exec(readKernelFile("/proc/self/limits") ?? "") ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
