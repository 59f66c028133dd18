/** Long work on the main thread, cut into slices so that nothing else waits for it. */
import { setImmediate } from "node:timers/promises";

const sliceMs = 1;

/** Calls `work` for each of the items; whenever that has taken 1 ms, everybody else has a turn first. */
export async function inSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let began = performance.now();
  for (const item of items) {
    work(item);
    if (performance.now() - began < sliceMs) continue;
    await setImmediate();
    began = performance.now();
  }
}
