/** npm run test:faults: faults of disks, databases, clocks, limits and programs, on real daemons with real parts. */
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { inParallel } from "../support/parallel.ts";
import type { Random } from "../support/random.ts";
import { Trials, trialOptions } from "../support/trials.ts";
import type { RunnableSuite } from "./fault.ts";
import { suites } from "./suites.ts";

const usage = `Usage: npm run test:faults -- [--long] [--seed N] [--only PART]...

Inflicts the faults of each suite on a daemon, and fails unless every call ends with a cause, the rest is served
meanwhile, all is well again after it, and nothing is left.

  --long       all faults; the most telling ones without it
  --seed N     for what is drawn; from the time without it
  --only PART  only faults whose "suite: fault" contains it, of the long form too`;

/** Suites at a time, each on a bed of its own: they wait most of the time. */
const SUITES = 3;

const options = trialOptions(usage);
const trials = new Trials("npm run test:faults --", options);
await ensureImages("base");
await using registry = await Registry.start({ storage: storeFolder() });

// Drawn before the first runs, so that a seed means the same whichever ends first.
const randoms = suites.map(() => options.random.fork());
await inParallel(suites.length, SUITES, (at) => inflictAll(suites[at]!, randoms[at]!));
trials.finish();

async function inflictAll(suite: RunnableSuite, random: Random): Promise<void> {
  const nameOf = (fault: string) => `${suite.name}: ${fault}`;
  const context = { registry, random, long: options.long };
  const all = options.long || options.only.length > 0;
  try {
    await suite.run(
      context,
      (fault) => (all || fault.short === true) && trials.wants(nameOf(fault.name)),
      async (fault, inflict) => {
        await trials.try(suite.name, nameOf(fault), inflict);
      },
    );
  } catch (error) {
    // A bed that cannot be made, or not be taken away.
    await trials.try(suite.name, nameOf("the daemon itself"), () => Promise.reject(error));
  }
}
