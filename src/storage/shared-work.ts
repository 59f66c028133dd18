/** Work that several callers wait for: it is done once, and given up only when none of them wants it any more. */

interface Work<T> {
  promise: Promise<T>;
  controller: AbortController;
  waiting: number;
}

export class SharedWork<T> {
  readonly #running = new Map<string, Work<T>>();

  /**
   * Joins the work of `key` under way, or starts it. Rejects with the signal's reason as soon as that is aborted;
   * `work` is told by its own signal when the last who waited has gone.
   */
  async run(
    key: string,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const shared = this.#running.get(key) ?? this.#start(key, work);
    shared.waiting++;
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(signal!.reason);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await (signal ? Promise.race([shared.promise, left.promise]) : shared.promise);
    } finally {
      signal?.removeEventListener("abort", leave);
      if (--shared.waiting === 0) this.#abandon(key, shared);
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Work<T> {
    const controller = new AbortController();
    const shared: Work<T> = { promise: work(controller.signal), controller, waiting: 0 };
    this.#running.set(key, shared);
    const over = () => this.#forget(key, shared);
    shared.promise.then(over, over);
    return shared;
  }

  /** Whoever asks from now on starts afresh. */
  #abandon(key: string, shared: Work<T>): void {
    this.#forget(key, shared);
    shared.controller.abort(new Error("nobody waits for this any more"));
  }

  #forget(key: string, shared: Work<T>): void {
    if (this.#running.get(key) === shared) this.#running.delete(key);
  }
}
