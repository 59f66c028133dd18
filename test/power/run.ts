/** npm run test:power: the power goes at the worst moments, and nothing that counts is lost. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isExecutable } from "../../src/linux/executable.ts";
import { Random } from "../support/random.ts";
import { Trials, trialOptions } from "../support/trials.ts";
import { Bed } from "./bed.ts";
import { type DiskFormat, formats } from "./disk.ts";
import { proveThatCutsLose } from "./method.ts";
import { type Moment, moments } from "./moments.ts";
import { takeOwnMounts } from "./own-mounts.ts";
import { cutAt, cutFirstStart, type RoundOptions } from "./round.ts";

const usage = `Usage: npm run test:power -- [--long] [--seed N] [--only PART]...

Cuts the power of a node whose disk forgets what was not flushed, while images are pulled and removed, and pods and
containers made, started and removed. Fails unless the daemon comes back each time with all that it had answered, every
image that it lists is whole and runs, and nothing is left over.

  --long       ten cuts on each kind of disk; a few on one without it
  --seed N     for the moments and what the clients do; from the time without it
  --only PART  only trials whose name contains it, of the long form too`;

const options = trialOptions(usage);
takeOwnMounts();
const trials = new Trials("npm run test:power --", options);
const { random, long, only } = options;
const all = long || only.length > 0;
const present = formats.filter(({ make }) => isHere(make[0]));
await using bed = await Bed.make();

for (const format of present) {
  const name = `a cut loses what was not flushed: ${format.name}`;
  if (trials.wants(name)) await trials.try("method", name, () => proveThatCutsLose(format));
}
for (const format of all ? present : present.slice(0, 1)) {
  await tryCut(format, "first start", cutFirstStart);
  for (const moment of all ? moments : someOf(moments)) {
    await tryCut(format, moment.name, (round) => cutAt(moment, round));
  }
}
trials.finish();

/** One trial, on the node that there is or a new one; after one that was lost nobody knows what to expect of the node. */
async function tryCut(
  format: DiskFormat,
  moment: string,
  cut: (round: RoundOptions) => Promise<void>,
): Promise<void> {
  const name = `${format.name}: ${moment}`;
  if (!trials.wants(name)) return;
  const won = await trials.try(format.name, name, async () => {
    const node = await bed.node(format);
    await cut({ node, random: randomOf(name), images: await bed.images(node) });
  });
  if (won) console.log(`nothing lost: ${name}`);
  else console.error(`the daemon's log: ${await bed.keepLog(`${random.seed}-${Date.now()}`)}`);
}

/** The same for a trial whatever other trials there are. */
function randomOf(name: string): Random {
  return new Random(random.seed + createHash("sha256").update(name).digest().readUInt32LE());
}

function someOf(moments: readonly Moment[]): Moment[] {
  const [first, ...others] = moments;
  return [first!, random.pick(others), random.pick(others)];
}

function isHere(command: string): boolean {
  return (process.env.PATH ?? "").split(":").some((folder) => isExecutable(join(folder, command)));
}
