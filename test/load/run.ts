// Loads a daemon with many pods, many clients and restarts under traffic: `npm run test:load [-- --long --seed N --only PART]`.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Trials, trialOptions } from "../support/trials.ts";
import { type Bed, withBed } from "./bed.ts";
import { type ChurnShape, tryChurn } from "./churn.ts";
import { type FleetShape, tryFleet } from "./fleet.ts";
import { tryTransfers } from "./transfer.ts";

const options = trialOptions("usage: npm run test:load -- [--long] [--seed N] [--only fleet|transfer|churn]");
const trials = new Trials("npm run test:load --", options);
const { long, random } = options;

/** Issue 7: "every container listed within 1 s". */
const RESTART_LIMIT_MS = 1000;
const FLEETS: FleetShape[] = long
  ? [
      { pods: 110, containers: 2, restarts: 5, restartLimitMs: RESTART_LIMIT_MS },
      { pods: 500, containers: 1, restarts: 3 },
    ]
  : [{ pods: 20, containers: 2, restarts: 2 }];
const CHURN: ChurnShape = {
  clients: 32,
  ...(long ? { rounds: 10, roundSeconds: 60 } : { rounds: 3, roundSeconds: 3 }),
};
const RESTARTS = long ? 20 : 4;

const folder = await mkdtemp(join(tmpdir(), "critter-load-"));

async function load(name: string, work: (bed: Bed) => Promise<void>): Promise<void> {
  await trials.try(`${name}: nothing is left`, name, () =>
    withBed(folder, async (bed) => {
      await work(bed);
      console.log(`\n${name}\n${bed.latencies.table()}`);
    }),
  );
}

try {
  if (trials.wants("fleet")) {
    for (const shape of FLEETS) await load(`${shape.pods} pods`, (bed) => tryFleet(bed, trials, shape));
  }
  if (trials.wants("transfer")) {
    await load("restarts under traffic", (bed) => tryTransfers(bed, trials, random.fork(), RESTARTS));
  }
  if (trials.wants("churn")) {
    await load(`${CHURN.clients} clients`, (bed) => tryChurn(bed, trials, random.fork(), CHURN));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
trials.finish();
