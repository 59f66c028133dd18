/** What a running monitor is told through the `ctl` FIFO in its bundle: the terminal's size, and to begin a new log. */
import { closeSync, constants, openSync, type Stats, statSync, watch, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const RESIZE = 1;
const REOPEN_LOG = 2;
const PATIENCE_MS = 10_000;

/** Gives the terminal of the container in `bundle` a new size, in characters. Throws when its monitor is gone. */
export function resizeTerminal(bundle: string, height: number, width: number): void {
  tell(bundle, `${RESIZE} ${height} ${width}\n`);
}

/**
 * Lets the monitor of the container in `bundle` begin a new file at `logPath`, which is there when this returns.
 * Throws when the monitor is gone, or does not do it within ten seconds.
 */
export async function reopenLog(bundle: string, logPath: string): Promise<void> {
  const before = statOf(logPath);
  const isNew = () => {
    const now = statOf(logPath);
    // conmon makes LOG.tmp and renames it, so the file is another even where the old one was not moved away.
    return now !== undefined && now.ino !== before?.ino;
  };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const watcher = watch(dirname(logPath), (_event, name) => {
    if (name === basename(logPath) && isNew()) resolve();
  });
  watcher.on("error", reject);
  const timer = setTimeout(() => reject(new Error(`the monitor has not reopened ${logPath}`)), PATIENCE_MS);
  try {
    tell(bundle, `${REOPEN_LOG} 0 0\n`);
    await promise;
  } finally {
    clearTimeout(timer);
    watcher.close();
  }
}

/** Without O_NONBLOCK the open would wait for ever for a monitor that is dead; with it, ENXIO says so. */
function tell(bundle: string, message: string): void {
  const path = join(bundle, "ctl");
  let fifo: number;
  try {
    fifo = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new Error(`no monitor listens at ${path}`, { cause });
  }
  try {
    writeSync(fifo, message);
  } finally {
    closeSync(fifo);
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
