/** One power cut: clients keep the daemon busy, the power goes and comes back, and all must be as it was promised. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { audit } from "../support/audit.ts";
import { removeAllPods } from "../support/cri.ts";
import type { Daemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import type { Random } from "../support/random.ts";
import { churn, PATIENCE } from "./churn.ts";
import { checkListedImages, type KnownImage } from "./contents.ts";
import { Ledger } from "./ledger.ts";
import type { Moment } from "./moments.ts";
import type { PowerNode } from "./node.ts";
import { checkPromises } from "./promises.ts";
import { askEverything } from "./questions.ts";

export interface RoundOptions {
  node: PowerNode;
  random: Random;
  /** By reference. */
  images: ReadonlyMap<string, KnownImage>;
}

/** Cuts the power when `moment` has come. The daemon runs before, with no pods, and after it too. */
export async function cutAt(moment: Moment, { node, random, images }: RoundOptions): Promise<void> {
  const ledger = await ledgerOf(node.daemon, images);
  const gone = new Promise<void>((resolve) => {
    moment.arm(ledger, random, () => {
      if (ledger.closed) return;
      node.cut();
      ledger.close();
      resolve();
    });
  });
  const clients = churn({ daemon: node.daemon, ledger, random: random.fork(), images: [...images.keys()] });
  // A client that is refused ends the round; the power goes in any case.
  await Promise.race([gone, clients]);
  if (!ledger.closed) node.cut();
  ledger.close();
  await node.goDown();
  await clients;
  await node.boot();
  if (random.chance(0.25)) await cutDuringStart(node, random);
  // The administrator does not trust what the power cut has left.
  if (random.chance(0.1)) await cutDuringRepair(node, random);
  if (random.chance(0.1)) assert.notEqual(check(node.daemon, "--repair").status, 2, "critter check --repair");
  await node.daemon.start();
  await checkNode(node.daemon, ledger, images);
}

/** A daemon that is cut off as it comes up, at most once it has been up for a moment. */
async function cutDuringStart(node: PowerNode, random: Random): Promise<void> {
  await cutDuring(node, random, node.daemon.launch());
}

async function cutDuringRepair(node: PowerNode, random: Random): Promise<void> {
  const [command, ...args] = checkCommand(node.daemon, "--repair");
  await cutDuring(node, random, once(spawn(command, args, { stdio: "ignore" }), "exit"));
}

/** Cuts the power within the first second and a half of `work`, at its end where that comes before. */
async function cutDuring(node: PowerNode, random: Random, work: Promise<unknown>): Promise<void> {
  await Promise.race([work.catch(() => {}), sleep(random.below(1500))]);
  node.cut();
  await node.goDown();
  await node.boot();
}

/** All that must hold once the daemon serves again; leaves it without pods. */
export async function checkNode(
  daemon: Daemon,
  ledger: Ledger,
  images: ReadonlyMap<string, KnownImage>,
): Promise<void> {
  await checkPromises(daemon, ledger);
  await askEverything(daemon);
  await assertNoDifferences(daemon, "what the daemon holds, beside what it has on record");
  await checkListedImages(daemon, images);
  await removeAllPods(daemon.client);
  await removeTwice(daemon, ledger);
  await assertNoDifferences(daemon, "with no pods");
  for (const reference of images.keys()) {
    await daemon.client.image.PullImage({ image: { image: reference } }, PATIENCE);
  }
  await checkListedImages(daemon, images);
  await daemon.stop();
  assert.deepEqual(check(daemon), { status: 0, said: "" }, "critter check");
  await daemon.start();
}

/** What is there already at the beginning. */
export async function ledgerOf(daemon: Daemon, images: ReadonlyMap<string, KnownImage>): Promise<Ledger> {
  const ledger = new Ledger();
  const { images: listed } = await daemon.client.image.ListImages();
  const tags = new Set(listed.flatMap(({ repoTags }) => repoTags));
  for (const reference of images.keys()) {
    ledger.image(reference).standing = tags.has(reference) ? "there" : "gone";
  }
  return ledger;
}

/** Fails with what the audit finds, ten seconds later at the latest: what is to go is removed in the background. */
async function assertNoDifferences(daemon: Daemon, message: string): Promise<void> {
  await eventually(async () => assert.deepEqual(await differences(daemon), [], message), 10);
}

/** The audit, without what was promised to nobody. */
async function differences(daemon: Daemon): Promise<string[]> {
  const lines = await audit(daemon, { rebooted: true });
  // A container that has ended has no use for its writable layer, of which nothing was flushed.
  const unflushed = /^root filesystem [0-9a-f]{64} is missing$/;
  return lines.filter((line) => !unflushed.test(line));
}

/** The kubelet removes again what it is not sure to have removed. */
async function removeTwice(daemon: Daemon, { pods }: Ledger): Promise<void> {
  const { runtime } = daemon.client;
  for (const { id, containers } of pods.slice(0, 3)) {
    if (id === "") continue;
    await runtime.StopPodSandbox({ podSandboxId: id });
    await runtime.RemovePodSandbox({ podSandboxId: id });
    for (const container of containers)
      if (container.id) await runtime.RemoveContainer({ containerId: container.id });
  }
}

/** `critter check`, on a node whose daemon does not run: its status, and all that it says. */
function check(daemon: Daemon, ...options: string[]): { status: number | null; said: string } {
  const [command, ...args] = checkCommand(daemon, ...options);
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}

function checkCommand(daemon: Daemon, ...options: string[]): [command: string, ...args: string[]] {
  return daemon.command("check", "--config", daemon.configFile, ...options);
}

/** The daemon's very first start, cut short on an empty disk. */
export async function cutFirstStart({ node, random, images }: RoundOptions): Promise<void> {
  node.cut();
  await node.goDown();
  await node.disk.erase();
  await node.boot();
  await cutDuringStart(node, random);
  await node.daemon.start();
  await checkNode(node.daemon, await ledgerOf(node.daemon, images), images);
}
