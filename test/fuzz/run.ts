/** `npm run test:fuzz`: bad input, as messages to every RPC. */
import { Trials, trialOptions } from "../support/trials.ts";
import { tryHarmless } from "./attacks/harmless.ts";
import { tryRefusals } from "./attacks/refusals.ts";
import { FuzzBed } from "./bed.ts";
import { attackSocket } from "./http2/socket-trials.ts";
import { checkLog } from "./log-lines.ts";
import { fuzzMessages } from "./messages.ts";
import { Sender } from "./sender.ts";

const options = trialOptions("usage: npm run test:fuzz -- [--long] [--seed N] [--only PART]…");
const trials = new Trials("npm run test:fuzz --", options);
const bed = await FuzzBed.start();
try {
  await fuzzMessages(bed, trials, options, options.long ? 50_000 : 1500);
  const sender = new Sender(bed.daemon.socket);
  await tryRefusals(bed, sender, trials);
  sender.close();
  await tryHarmless(bed, trials);
  await attackSocket(bed.daemon, trials, options);
  await trials.try("daemon's log", "all lines", () => checkLog(bed.daemon));
} finally {
  await bed[Symbol.asyncDispose]();
}
trials.finish();
