/** Synchronous work of many small steps, which lets others have their turn in between. */
import { setImmediate as nextTurn } from "node:timers/promises";

/** Milliseconds of work before others have their turn. */
const turn = 1.5;

/** Does `step` for each item; the event loop goes round whenever that has taken a while. */
export async function inTurns<T>(items: Iterable<T>, step: (item: T) => void): Promise<void> {
  await nextTurn();
  let since = performance.now();
  for (const item of items) {
    step(item);
    if (performance.now() - since < turn) continue;
    await nextTurn();
    since = performance.now();
  }
}
