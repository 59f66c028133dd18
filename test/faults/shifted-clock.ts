/** Loaded into a daemon before its own modules: its wall clock is off by as many milliseconds as a file says, at any moment anew. */
import { readFileSync } from "node:fs";

const offsetFile = process.env.CRITTER_TEST_CLOCK!;
const realNow = Date.now;

function shiftedNow(): number {
  return realNow() + Number(readFileSync(offsetFile, "latin1"));
}

globalThis.Date = class extends Date {
  constructor(...args: unknown[]) {
    // As Date has it: without arguments it is now.
    super(...((args.length === 0 ? [shiftedNow()] : args) as [number]));
  }

  static override now = shiftedNow;
} as DateConstructor;
