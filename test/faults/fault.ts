/** What a suite of faults is made of: a bed that its faults share, and each fault with what must come of it. */
import type { Registry } from "../registry/registry.ts";
import type { Random } from "../support/random.ts";

/** What all suites share. */
export interface FaultContext {
  /** Holds the test images. */
  registry: Registry;
  random: Random;
  /** The long form: every fault, and as often as the suite finds useful. */
  long: boolean;
}

/** One fault on a bed: it is lost when `inflict` throws. What it makes it takes away again. */
export interface Fault<Bed> {
  name: string;
  /** Among those that the short form, part of CI, inflicts; the others take `--long` or `--only`. */
  short?: boolean;
  inflict(bed: Bed): Promise<void>;
}

/** Faults of one kind: one row of the table. */
export interface FaultSuite<Bed extends AsyncDisposable> {
  name: string;
  /** Makes what the faults are inflicted on; disposed when all were. */
  prepare(context: FaultContext): Promise<Bed>;
  /** After each fault: throws where the bed is not as it was before. */
  check(bed: Bed): Promise<void>;
  faults: readonly Fault<Bed>[];
}

/** A suite as the command runs it, whatever its bed is. */
export interface RunnableSuite {
  name: string;
  /** Calls `each` for the faults that `wants` accepts, in their order; without any nothing is prepared. */
  run(
    context: FaultContext,
    wants: (fault: Fault<never>) => boolean,
    each: (name: string, inflict: () => Promise<void>) => Promise<void>,
  ): Promise<void>;
}

/** Closes a suite over its bed. */
export function faultSuite<Bed extends AsyncDisposable>({
  name,
  prepare,
  check,
  faults,
}: FaultSuite<Bed>): RunnableSuite {
  return {
    name,
    async run(context, wants, each) {
      const wanted = faults.filter(wants);
      if (wanted.length === 0) return;
      await using bed = await prepare(context);
      for (const fault of wanted) {
        await each(fault.name, async () => {
          await fault.inflict(bed);
          await check(bed);
        });
      }
    },
  };
}
