/** Processes that nobody has asked after, on the whole machine. */
import { countZombies } from "../linux/zombies.ts";
import type { Families } from "./families.ts";

/** To look at every process takes 15 ms on a full node: not at every scrape of many. */
const VALID_MS = 10_000;

export function gaugeZombies(families: Families): void {
  let countedAt = Number.NEGATIVE_INFINITY;
  families.gauge("processes_defunct", {
    help: "Processes on the machine that have ended and were not asked after.",
    collect: async (metric) => {
      if (performance.now() - countedAt < VALID_MS) return;
      countedAt = performance.now();
      metric.set(await countZombies());
    },
  });
}
