// Loads a daemon with many pods, many clients and restarts under traffic: `npm run test:load [-- --long --seed N --only PART]`.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Trials, trialOptions } from "../support/trials.ts";
import { withBed } from "./bed.ts";
import { type FleetShape, tryFleet } from "./fleet.ts";

const options = trialOptions("usage: npm run test:load -- [--long] [--seed N] [--only fleet|transfer|churn]");
const trials = new Trials("npm run test:load --", options);

/** Issue 7: "every container listed within 1 s". */
const RESTART_LIMIT_MS = 1000;
const FLEETS: FleetShape[] = options.long
  ? [
      { pods: 110, containers: 2, restarts: 5, restartLimitMs: RESTART_LIMIT_MS },
      { pods: 500, containers: 1, restarts: 3 },
    ]
  : [{ pods: 24, containers: 2, restarts: 2 }];

const folder = await mkdtemp(join(tmpdir(), "critter-load-"));
try {
  if (trials.wants("fleet")) {
    for (const shape of FLEETS)
      await withBed(folder, async (bed) => {
        await tryFleet(bed, trials, shape);
        console.log(`\n${shape.pods} pods of ${shape.containers}\n${bed.latencies.table()}`);
      });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
trials.finish();
