/** Long work on the main thread, cut into slices so that nothing else waits for it. */
import { setImmediate } from "node:timers/promises";

/** A request needs several turns to be answered, so that it waits for a few of them. */
const defaultMs = 0.5;

/** Says when work on the main thread has taken long enough, and lets everybody else go first then. */
export class Slices {
  readonly #sliceMs: number;
  #began = performance.now();

  /** `sliceMs`: milliseconds of work between two turns, half a one by default. */
  constructor(sliceMs = defaultMs) {
    this.#sliceMs = sliceMs;
  }

  /** Whether that much time has gone since the last turn: then await `next`. */
  get isOver(): boolean {
    return performance.now() - this.#began >= this.#sliceMs;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#began = performance.now();
  }
}

/** Calls `work` for each of the items; whenever that has taken `sliceMs`, as Slices has it, everybody else has a turn first. */
export async function inSlices<T>(
  items: Iterable<T>,
  work: (item: T) => void,
  sliceMs?: number,
): Promise<void> {
  const slices = new Slices(sliceMs);
  for (const item of items) {
    work(item);
    if (slices.isOver) await slices.next();
  }
}
