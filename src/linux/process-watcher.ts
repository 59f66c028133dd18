/** Tells when processes that are no children end, by their pidfds. */
import { closeSync } from "node:fs";
import { openPidfd } from "./process.ts";
import { READABLE, readiness } from "./readiness.ts";

/**
 * Calls `listener` once process `pid` has ended, at once (before this returns) when there is none; what it returns stops that.
 * Throws LinuxError where the kernel has no pidfd.
 */
export function onProcessEnd(pid: number, listener: () => void): () => void {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) {
    listener();
    return () => {};
  }
  let watched = true;
  const stop = () => {
    if (!watched) return;
    watched = false;
    readiness.unwatch(pidfd);
    closeSync(pidfd);
  };
  readiness.watch(pidfd, READABLE, () => {
    stop();
    listener();
  });
  return stop;
}

/** Watches processes until it is closed. */
export class ProcessWatcher {
  readonly #stops = new Set<() => void>();
  #closed = false;

  /**
   * Resolves when process `pid` has ended; at once when there is none. A promise still open when the watcher is closed
   * never settles. Throws LinuxError where the kernel has no pidfd.
   */
  watch(pid: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = onProcessEnd(pid, resolve);
    this.#stops.add(stop);
    return promise.finally(() => this.#stops.delete(stop));
  }

  /** Stops watching, so that the event loop can end. */
  close(): void {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#stops.clear();
  }
}
