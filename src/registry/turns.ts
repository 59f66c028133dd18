/** Synchronous work of many small steps, which lets others have their turn in between. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { inSlices } from "../slices.ts";

/** Milliseconds of work before others have their turn. */
const turn = 1.5;

/** Does `step` for each item; the event loop goes round at first, and whenever that has taken a while. */
export async function inTurns<T>(items: Iterable<T>, step: (item: T) => void): Promise<void> {
  await nextTurn();
  await inSlices(items, step, turn);
}
