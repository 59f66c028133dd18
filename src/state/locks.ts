/** Who must wait for whom: one lock per pod and per container, and one result for all who ask for the same thing. */

import { observeStep } from "../observation.ts";

/** Runs the work of one key in turn; different keys never wait for each other. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `work` when all earlier work of `key` is over, whether or not that succeeded. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const mine = before ? observeStep("lock.wait", { key }, () => settled(before)).then(work) : work();
    this.#tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === mine) this.#tails.delete(key);
    }
  }
}

async function settled(work: Promise<unknown>): Promise<void> {
  await work.catch(() => {});
}

/** Work under way, by key, that gives up when it is told to. */
export class Interruptible {
  readonly #running = new Map<string, Set<AbortController>>();

  /** Runs `work` with a signal that `interrupt` aborts. */
  async run<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const running = this.#running.get(key) ?? new Set();
    this.#running.set(key, running.add(controller));
    try {
      return await work(controller.signal);
    } finally {
      running.delete(controller);
      if (running.size === 0 && this.#running.get(key) === running) this.#running.delete(key);
    }
  }

  /** Aborts what runs of `key`, with `reason`; what comes later is not concerned. */
  interrupt(key: string, reason: Error): void {
    for (const controller of this.#running.get(key) ?? []) controller.abort(reason);
  }
}

/** Work under way, by key: who asks for it again while it runs gets the same result. */
export class Joined<T> {
  readonly #running = new Map<string, Promise<T>>();

  /** Whether the work of `key` is under way. */
  has(key: string): boolean {
    return this.#running.has(key);
  }

  run(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running) return running;
    const started = work().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }
}
