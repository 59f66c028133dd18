/** npm run test:kubelet: what a kubelet in standalone mode, with static pods, must be able to do on critter. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { KUBELET } from "../cluster/node/programs.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { FeatureTrials } from "../support/features.ts";
import { useNewRunc } from "../support/new-runc.ts";
import { SLOW } from "../support/slow.ts";
import { Trials, trialOptions } from "../support/trials.ts";
import { areas } from "./areas.ts";
import { KubeletNode } from "./node/kubelet-node.ts";

const usage = `Usage: npm run test:kubelet -- [--long] [--only PART]...

Starts a critter and a kubelet on it, everything of both below one temporary folder, and tries each feature with
static pods, several at the same time; a second pair is for features that restart them. Fails where a feature does
not work, or where something is left at the end.

  --long       features that take minutes too
  --only PART  only features whose "area: feature" contains it, of the long form too

CRITTER_TEST_LOGS=FOLDER keeps there the logs of both.`;

/** Features at a time: they wait most of the time, for the kubelet's seconds, unless the machine is slow. */
const AT_ONCE = SLOW > 1 ? 5 : 14;

/** Of critter: what some features look at. */
const SETTINGS = { "crio.stats": { included_pod_metrics: ["all"] } };

const options = trialOptions(usage);
const trials = new Trials("npm run test:kubelet --", options);
const features = new FeatureTrials(trials, options, areas);

/** Does `work` on a node, which must be left as it was; nothing where there are no features for it. */
async function onNode(
  name: string,
  count: number,
  work: (node: KubeletNode) => Promise<void>,
): Promise<void> {
  if (count === 0) return;
  await trials.try("nodes", `${name}: nothing is left`, async () => {
    const node = await KubeletNode.start({ registry: registry.address, daemon: { settings: SETTINGS } });
    try {
      await work(node);
      await node.assertNothingLeft();
    } finally {
      const logs = process.env.CRITTER_TEST_LOGS;
      if (logs) node.saveLogs(join(logs, name));
      await node.dispose();
    }
  });
}

if (!existsSync(KUBELET)) {
  console.error(`${KUBELET} is not there: scripts/setup --kubelet builds it`);
  process.exit(1);
}
// Debian's knows no user namespaces.
useNewRunc();
await ensureImages("base");
await using registry = await Registry.start({ storage: storeFolder() });
const { together, alone } = features.wanted;
await Promise.all([
  onNode("together", together, (node) => features.tryTogether(node, AT_ONCE)),
  onNode("alone", alone, (node) => features.tryAlone(node)),
]);
features.printTable();
trials.finish();
