/** npm run test:kubelet: what a kubelet in standalone mode, with static pods, must be able to do on critter. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { useNewRunc } from "../support/new-runc.ts";
import { inParallel } from "../support/parallel.ts";
import { SLOW } from "../support/slow.ts";
import { textTable } from "../support/text-table.ts";
import { Trials, trialOptions } from "../support/trials.ts";
import { areas } from "./areas.ts";
import type { Feature } from "./feature.ts";
import { KUBELET } from "./node/kubelet.ts";
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

interface Task {
  area: string;
  name: string;
  feature: Feature;
}

const options = trialOptions(usage);
const trials = new Trials("npm run test:kubelet --", options);
/** What the table says of each task that has ended. */
const outcomes = new Map<Task, string[]>();

function tasks(): Task[] {
  return areas
    .flatMap(({ name: area, features }) =>
      features.map((feature) => ({ area, name: `${area}: ${feature.name}`, feature })),
    )
    .filter(
      ({ name, feature }) => trials.wants(name) && (!feature.long || options.long || options.only.length > 0),
    );
}

async function perform(node: KubeletNode, task: Task): Promise<void> {
  const { area, name, feature } = task;
  const why = feature.skip?.(node);
  if (why !== undefined) {
    trials.skip(area);
    outcomes.set(task, ["skipped", why]);
    return;
  }
  const began = performance.now();
  const works = await trials.try(area, name, () => feature.run(node));
  const seconds = `${((performance.now() - began) / 1000).toFixed(1)} s`;
  outcomes.set(task, [works ? "works" : "FAILS", seconds]);
  console.log(`${works ? "works" : "FAILS"}  ${name}  ${seconds}`);
}

/** In the order of the areas, whatever ended first. */
function printTable(all: readonly Task[]): void {
  const rows = all.map((task) => [task.area, task.feature.name, ...(outcomes.get(task) ?? [])]);
  console.log(`\n${textTable([["area", "feature", "", ""], ...rows])}`);
}

/** Tries the tasks, so many at a time, on a node of theirs, which must be left as it was. */
async function tryOnNode(name: string, tasks: readonly Task[], atOnce: number): Promise<void> {
  if (tasks.length === 0) return;
  await trials.try("nodes", `${name}: nothing is left`, async () => {
    const node = await KubeletNode.start({ registry: registry.address, daemon: { settings: SETTINGS } });
    try {
      await inParallel(tasks.length, atOnce, (at) => perform(node, tasks[at]!));
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
const all = tasks();
const alone = all.filter(({ feature }) => feature.alone);
const together = all.filter((task) => !alone.includes(task));
await Promise.all([tryOnNode("together", together, AT_ONCE), tryOnNode("alone", alone, 1)]);
printTable(all);
trials.finish();
