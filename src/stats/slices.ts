/** Long work on the main thread, cut into slices so that nothing else waits for it. */
import { setImmediate } from "node:timers/promises";

/** A request needs several turns to be answered, so that it waits for a few of them. */
const sliceMs = 0.5;

/** Says when work on the main thread has taken long enough, and lets everybody else go first then. */
export class Slices {
  #began = performance.now();

  /** Whether half a millisecond has gone since the last turn: then await `next`. */
  get isOver(): boolean {
    return performance.now() - this.#began >= sliceMs;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#began = performance.now();
  }
}

/** Calls `work` for each of the items; whenever that has taken half a millisecond, everybody else has a turn first. */
export async function inSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  const slices = new Slices();
  for (const item of items) {
    work(item);
    if (slices.isOver) await slices.next();
  }
}
