/** Tells when processes that are no children end, by their pidfds. */
import { closeSync } from "node:fs";
import { openPidfd } from "./process.ts";
import { READABLE, readiness } from "./readiness.ts";

/** Watches processes until it is closed. */
export class ProcessWatcher {
  readonly #pidfds = new Set<number>();
  #closed = false;

  /**
   * Resolves when process `pid` has ended; at once when there is none. A promise still open when the watcher is closed
   * never settles. Throws LinuxError where the kernel has no pidfd.
   */
  watch(pid: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const pidfd = openPidfd(pid);
    if (pidfd === undefined) return Promise.resolve();
    this.#pidfds.add(pidfd);
    return new Promise((resolve) => {
      readiness.watch(pidfd, READABLE, () => {
        this.#release(pidfd);
        resolve();
      });
    });
  }

  /** Stops watching, so that the event loop can end. */
  close(): void {
    this.#closed = true;
    for (const pidfd of this.#pidfds) this.#release(pidfd);
  }

  #release(pidfd: number): void {
    this.#pidfds.delete(pidfd);
    readiness.unwatch(pidfd);
    closeSync(pidfd);
  }
}
