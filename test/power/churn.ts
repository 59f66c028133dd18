/** Clients that keep a daemon busy: images come and go, pods and containers are made, run, end and are removed. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { codeOf } from "../../src/cri/status-error.ts";
import { containerConfig } from "../support/configs.ts";
import type { Daemon } from "../support/daemon.ts";
import { podConfigFor } from "../support/pods.ts";
import type { Random } from "../support/random.ts";
import { SLOW } from "../support/slow.ts";
import { type Ledger, PowerGone, type PromisedContainer, type PromisedPod } from "./ledger.ts";

/** Prints lines that are numbered, so that what a log lost can be seen. */
export const chatter = 'i=0; while :; do echo "line $i"; i=$((i+1)); sleep 0.02; done';
/** Of calls that may take long. */
export const PATIENCE = { timeout: 60_000 * SLOW };
/** Where in a container something is kept for good. */
export const keptFile = "kept";

/** Where the logs of a pod's containers are: on the disk of which the power goes. */
export const logFolder = ({ folder }: Daemon, pod: string) => join(folder, "logs", pod);

export interface ChurnOptions {
  daemon: Daemon;
  ledger: Ledger;
  random: Random;
  /** References of the images that may come and go. */
  images: readonly string[];
}

/** How many clients of each kind there are. */
const PULLERS = 3;
const PODDERS = 2;

/** Runs until the power goes. Rejects with what a call failed with before that. */
export async function churn(options: ChurnOptions): Promise<void> {
  const { random, images } = options;
  const clients = [
    // Each has images of its own, so that the order of its calls is the images' history.
    ...Array.from({ length: PULLERS }, (_, client) =>
      pullAndRemove(
        options,
        random.fork(),
        images.filter((_image, at) => at % PULLERS === client),
      ),
    ),
    ...Array.from({ length: PODDERS }, () => makePods(options, random.fork())),
  ];
  await Promise.all(clients.map((client) => client.catch(unlessPowerGone)));
}

function unlessPowerGone(error: unknown): void {
  if (!(error instanceof PowerGone)) throw error;
}

async function pullAndRemove(
  { daemon, ledger }: ChurnOptions,
  random: Random,
  images: string[],
): Promise<never> {
  const { image: service } = daemon.client;
  for (;;) {
    const reference = random.pick(images);
    const promised = ledger.image(reference);
    const image = { image: reference };
    if (promised.standing === "gone") {
      promised.standing = "asked";
      await ledger.before(service.PullImage({ image }, PATIENCE));
      ledger.settle(promised, "there", "image");
    } else if (random.chance(0.2)) {
      // What is there stays so while it is pulled again.
      await ledger.before(service.PullImage({ image }, PATIENCE));
    } else if (random.chance(0.7)) {
      promised.standing = "leaving";
      await ledger.before(service.RemoveImage({ image }));
      ledger.settle(promised, "gone", "image removed");
    }
    await ledger.before(sleep(random.below(150)));
  }
}

async function makePods(options: ChurnOptions, random: Random): Promise<never> {
  const own: PromisedPod[] = [];
  for (;;) {
    const there = own.filter(({ standing }) => standing === "there");
    if (there.length < 2 || random.chance(0.5)) own.push(await makePod(options, random));
    else await removePod(options, random.pick(there), random);
  }
}

async function makePod(options: ChurnOptions, random: Random): Promise<PromisedPod> {
  const { daemon, ledger } = options;
  const { cgroupParent, client } = daemon;
  const network = random.chance(0.2) ? "NODE" : "POD";
  const config = podConfigFor(daemon, {
    linux: { cgroupParent, securityContext: { namespaceOptions: { network } } },
    ...(network === "POD" &&
      random.chance(0.3) && {
        portMappings: [{ containerPort: 80, hostPort: 20_000 + random.below(10_000) }],
      }),
  });
  const name = config.metadata!.name!;
  config.logDirectory = logFolder(daemon, name);
  const pod: PromisedPod = { name, id: "", containers: [], standing: "asked", answeredAt: 0 };
  ledger.pods.push(pod);
  pod.id = (await ledger.before(client.runtime.RunPodSandbox({ config }, PATIENCE))).podSandboxId;
  ledger.settle(pod, "there", "pod");
  const count = random.below(3);
  for (let at = 0; at < count; at++) await makeContainer(options, pod, config, random);
  return pod;
}

async function makeContainer(
  { daemon, ledger, images }: ChurnOptions,
  pod: PromisedPod,
  sandboxConfig: ReturnType<typeof podConfigFor>,
  random: Random,
): Promise<void> {
  const { runtime } = daemon.client;
  const there = images.filter((reference) => ledger.image(reference).standing === "there");
  if (there.length === 0) return;
  const config = containerConfig({ image: { image: random.pick(there) }, command: ["sh", "-c", chatter] });
  const name = config.metadata!.name!;
  config.logPath = `${name}.log`;
  const container: PromisedContainer = {
    name,
    id: "",
    standing: "asked",
    answeredAt: 0,
    kept: undefined,
    started: false,
  };
  pod.containers.push(container);
  const request = { podSandboxId: pod.id, config, sandboxConfig };
  const created = await ledger.before(runtime.CreateContainer(request)).catch((error) => {
    // Another client may just have removed the image.
    if (codeOf(error) !== status.NOT_FOUND) throw error;
    return undefined;
  });
  if (!created) {
    container.standing = "gone";
    return;
  }
  container.id = created.containerId;
  ledger.settle(container, "there", "container");
  if (random.chance(0.2)) return;
  const { id: containerId } = container;
  await ledger.before(runtime.StartContainer({ containerId }));
  container.started = true;
  ledger.settle(container, "there", "start");
  if (random.chance(0.4)) await keep({ daemon, ledger }, container);
  if (random.chance(0.2)) await ledger.before(runtime.StopContainer({ containerId, timeout: 0 }));
}

/** Writes a file in a container, and to the disk. */
async function keep(
  { daemon, ledger }: Pick<ChurnOptions, "daemon" | "ledger">,
  container: PromisedContainer,
): Promise<void> {
  const text = container.name.repeat(50);
  const cmd = ["sh", "-c", `printf %s ${text} > /${keptFile} && busybox sync /${keptFile}`];
  const request = { containerId: container.id, cmd, timeout: 60 * SLOW };
  const { exitCode, stderr } = await ledger.before(daemon.client.runtime.ExecSync(request));
  if (exitCode !== 0) throw new Error(`a file cannot be kept in ${container.id}: ${stderr}`);
  container.kept = text;
}

async function removePod({ daemon, ledger }: ChurnOptions, pod: PromisedPod, random: Random): Promise<void> {
  const { runtime } = daemon.client;
  const { id: podSandboxId } = pod;
  for (const container of pod.containers) {
    if (container.standing !== "there" || random.chance(0.5)) continue;
    container.standing = "leaving";
    await ledger.before(runtime.RemoveContainer({ containerId: container.id }));
    ledger.settle(container, "gone", "pod removed");
  }
  await ledger.before(runtime.StopPodSandbox({ podSandboxId }, PATIENCE));
  if (random.chance(0.3)) return;
  for (const leaving of [pod, ...pod.containers])
    if (leaving.standing === "there") leaving.standing = "leaving";
  await ledger.before(runtime.RemovePodSandbox({ podSandboxId }, PATIENCE));
  for (const container of pod.containers) container.standing = "gone";
  ledger.settle(pod, "gone", "pod removed");
}
