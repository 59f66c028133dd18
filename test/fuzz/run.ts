/** `npm run test:fuzz`: bad input, as messages to every RPC. */
import { Trials, trialOptions } from "../support/trials.ts";
import { FuzzBed } from "./bed.ts";
import { attackSocket } from "./http2/socket-trials.ts";
import { checkLog } from "./log-lines.ts";
import { fuzzMessages } from "./messages.ts";

const options = trialOptions("usage: npm run test:fuzz -- [--long] [--seed N] [--only PART]…");
const trials = new Trials("npm run test:fuzz --", options);
const bed = await FuzzBed.start();
try {
  await fuzzMessages(bed, trials, options, options.long ? 50_000 : 2500);
  await attackSocket(bed.daemon, trials, options);
  await trials.try("daemon's log", "all lines", () => checkLog(bed.daemon));
} finally {
  await bed[Symbol.asyncDispose]();
}
trials.finish();
