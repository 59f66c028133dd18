/** npm run test:cluster: what a cluster of one node must be able to do whose container runtime is critter. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { FeatureTrials } from "../support/features.ts";
import { NEW_RUNC } from "../support/new-runc.ts";
import { Trials, trialOptions } from "../support/trials.ts";
import { areas } from "./areas.ts";
import { Cluster, type ClusterOptions } from "./node/cluster.ts";
import { missingPrograms } from "./node/programs.ts";
import { enterOwnNetwork } from "./own-network.ts";

const usage = `Usage: npm run test:cluster -- [--long] [--only PART]...

Starts etcd, an apiserver, the controllers, a scheduler, kube-proxy, one critter and a kubelet on it, everything below
temporary folders and in a network namespace of its own, and tries each feature with kubectl, several at the same time.
Fails where a feature does not work, or where something is left at the end.

  --long       features that take minutes too
  --only PART  only features whose "area: feature" contains it, of the long form too

CRITTER_TEST_LOGS=FOLDER keeps there the logs of all.`;

/** Features at a time: they wait most of the time. */
const AT_ONCE = 6;

const options = trialOptions(usage);
const missing = missingPrograms();
if (missing.length > 0) {
  console.error(`${missing[0]} is not there: scripts/setup --kubelet makes it`);
  process.exit(1);
}
enterOwnNetwork();
await ensureImages("base");
const trials = new Trials("npm run test:cluster --", options);
const features = new FeatureTrials(trials, options, areas);
/** A second runtime for a RuntimeClass, with the folder that it would make with its first container and keep. */
function withHandler(): ClusterOptions["daemon"] {
  if (!existsSync(NEW_RUNC)) return {};
  return {
    handlers: { "new-runc": { runtime_path: NEW_RUNC } },
    async prepare(folder) {
      await mkdir(join(folder, "runroot", "runtimes", "new-runc"), { recursive: true });
    },
  };
}

await using registry = await Registry.start({ storage: storeFolder() });
const cluster = await Cluster.start({ registry: registry.address, daemon: withHandler() });
try {
  await features.tryAll(cluster, AT_ONCE);
  await trials.try("end", "nothing is left", () => cluster.assertNothingLeft());
} finally {
  await cluster.saveLogs();
  await cluster.dispose();
}
features.printTable();
trials.finish();
