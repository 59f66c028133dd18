/** npm run test:crash: the daemon is killed at every step, and at random times under load; nothing may be lost. */
import { ensureImages, storeFolder } from "../images/store.ts";
import { serveImages } from "../registry/image-server.ts";
import { Registry } from "../registry/registry.ts";
import { Trials, trialOptions } from "../support/trials.ts";
import { buildCritter } from "./build.ts";
import { BedKeeper, tryEveryStep } from "./crash-trials.ts";
import { crashImages } from "./images.ts";
import { RANDOM_KILLS, tryRandomKills } from "./random-kills.ts";

const usage = `npm run test:crash -- [--long] [--seed N] [--only PART]…

Kills the daemon with SIGKILL at points of its operations, starts it again, repeats the request, and holds what there is
against the records. The short form takes a sample of the points by the seed; --long takes every one, and 500 random kills.
PART is of an operation's name ("StopContainer"), or names one of its points ("StopContainer: after a child's end #1"); "random" is of the
kills at random times.
`;

/** Daemons at a time. */
const BEDS = 2;
/** Points of each operation that the short form takes. */
const SAMPLE = 1;
const ROUNDS = { short: 5, long: 500 };

const options = trialOptions(usage);
const trials = new Trials("npm run test:crash --", options);
await ensureImages("base");
const build = buildCritter();
const registry = await Registry.start({ storage: storeFolder() });
const server = await serveImages(crashImages());
const surroundings = { launcher: build.launcher, registry, server };
const keepers = Array.from({ length: BEDS }, (_, number) => new BedKeeper(surroundings, number));
try {
  const sample = options.long ? undefined : SAMPLE;
  await tryEveryStep(trials, keepers, { sample, random: options.random.fork(), only: options.only });
  const rounds = options.long ? ROUNDS.long : ROUNDS.short;
  if (trials.wants(RANDOM_KILLS))
    await tryRandomKills(trials, keepers[0]!, { rounds, random: options.random });
} finally {
  await Promise.all(keepers.map((keeper) => keeper.dispose()));
  await server[Symbol.asyncDispose]();
  await registry.stop();
  build.remove();
}
trials.finish();
