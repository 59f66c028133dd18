/** Work that may run beside its like, and work that must run alone. */

/** Shared tasks run at once; an exclusive one waits for those under way, and later ones wait for it. */
export class Exclusion {
  readonly #shared = new Set<Promise<unknown>>();
  #exclusive: Promise<unknown> | undefined;

  async shared<T>(work: () => Promise<T>): Promise<T> {
    while (this.#exclusive) await this.#exclusive;
    const task = work();
    const ended = task.then(nothing, nothing);
    this.#shared.add(ended);
    try {
      return await task;
    } finally {
      this.#shared.delete(ended);
    }
  }

  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    while (this.#exclusive) await this.#exclusive;
    const task = Promise.all(this.#shared).then(work);
    const ended = task.then(nothing, nothing);
    this.#exclusive = ended;
    try {
      return await task;
    } finally {
      this.#exclusive = undefined;
    }
  }
}

function nothing(): void {}
