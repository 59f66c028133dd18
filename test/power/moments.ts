/** When the power goes: at any time, or when that is worst. */
import type { Random } from "../support/random.ts";
import { SLOW } from "../support/slow.ts";
import type { Answer, Ledger } from "./ledger.ts";

export interface Moment {
  name: string;
  /** Calls `cut`, once, when the moment has come; `ledger` is of the clients that keep the daemon busy from now on. */
  arm(ledger: Ledger, random: Random, cut: () => void): void;
}

/** The longest that clients go on. */
const LONGEST_MS = 6000 * SLOW;
/** How long the daemon lets layers wait in memory. */
const SYNC_MS = 2000;

/** At any time. */
export const anyTime: Moment = {
  name: "at any time",
  arm: (_ledger, random, cut) => void setTimeout(cut, random.below(LONGEST_MS)),
};

/** All of them. */
export const moments: readonly Moment[] = [
  anyTime,
  after("image", "as PullImage has answered", () => 0),
  after("image", "before the pulled layers are flushed", (random) => random.below(SYNC_MS)),
  after("image", "while the pulled layers are flushed", (random) => SYNC_MS - 50 + random.below(400)),
  after("image removed", "as RemoveImage has answered", (random) => random.below(50)),
  after("pod", "as RunPodSandbox has answered", () => 0),
  after("container", "as CreateContainer has answered", () => 0),
  after("start", "as StartContainer has answered", () => 0),
  after("pod removed", "as RemovePodSandbox has answered", (random) => random.below(50)),
];

/** So many milliseconds after one of the first answers of a kind. */
function after(kind: Answer, name: string, delay: (random: Random) => number): Moment {
  return {
    name,
    arm(ledger, random, cut) {
      // Where no such answer comes.
      const late = setTimeout(cut, LONGEST_MS + SYNC_MS);
      let before = random.below(4);
      const wait = delay(random);
      ledger.onAnswer((answer) => {
        if (answer !== kind || before-- !== 0) return;
        clearTimeout(late);
        if (wait === 0) cut();
        else setTimeout(cut, wait);
      });
    },
  };
}
