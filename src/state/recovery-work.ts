/** What a start has to clear away by programs: side by side, and not waited for without end, as a program may hang. */
import { log } from "../log.ts";

const AT_ONCE = 16;
/** What takes longer goes on while others are served. */
const PATIENCE_MS = 5_000;

/** Work that must not fail. */
export type Work = () => Promise<void>;

export class RecoveryWork {
  readonly #waiting: Work[] = [];
  readonly #running = new Set<Promise<void>>();

  add(work: Work): void {
    this.#waiting.push(work);
    this.#start();
  }

  /** Resolves when all is done, or takes too long. */
  async settled(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE_MS);
    let isLate = false;
    void late.then(() => (isLate = true));
    while (this.#running.size > 0 && !isLate) await Promise.race([...this.#running, late]);
    clearTimeout(timer);
    const left = this.#running.size + this.#waiting.length;
    if (left > 0) log.warn("recovery goes on while others are served", { left });
  }

  #start(): void {
    while (this.#running.size < AT_ONCE) {
      const work = this.#waiting.shift();
      if (!work) return;
      const running = work().finally(() => {
        this.#running.delete(running);
        this.#start();
      });
      this.#running.add(running);
    }
  }
}
