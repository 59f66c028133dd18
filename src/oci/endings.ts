/** Who waits for a container to end is told here, once its end is on record. */

export class Endings {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Tells everybody who waits for `id`. */
  announce(id: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    for (const resolve of waiting ?? []) resolve();
  }

  /** Resolves to true at the next end of `id`, to false after `timeoutMs` without one. Rejects with the signal's reason. */
  wait(id: string, timeoutMs = Number.POSITIVE_INFINITY, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, waiting);
      // setTimeout takes 31 bits of milliseconds: 24 days.
      const timer = timeoutMs <= 0x7fffffff ? setTimeout(() => finish(false), timeoutMs) : undefined;
      const ended = () => finish(true);
      const onAbort = () => {
        leave();
        reject(signal?.reason);
      };
      const finish = (result: boolean) => {
        leave();
        resolve(result);
      };
      const leave = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        waiting.delete(ended);
        if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
      };
      waiting.add(ended);
      signal?.addEventListener("abort", onAbort);
    });
  }
}
