/** The main job, to be seen: registry, daemon, a pod of two containers, their answers. Started by scripts/demo. */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ensureImage } from "../src/client/image-pull.ts";
import { Interruption } from "../src/client/interruption.ts";
import { LogFollower } from "../src/client/log-follow.ts";
import { Pod, type PodContainer } from "../src/client/pod.ts";
import { PullProgress } from "../src/client/pull-progress.ts";
import { ensureImages, storeFolder } from "../test/images/store.ts";
import { Registry } from "../test/registry/registry.ts";
import { type Daemon, startDaemon } from "../test/support/daemon.ts";

const nginx = "docker.io/library/nginx:latest";
const busybox = "docker.io/library/busybox:latest";

// A pod's containers share their network: busybox finds nginx at its own address. A shell that is asked to end does.
const busyboxScript = `
echo "busybox runs in the pod $(hostname)"
echo "nginx answers it on localhost: $(wget -q -O - http://127.0.0.1/ | grep -o '<title>.*</title>')"
trap 'exit 0' TERM
sleep 86400 & wait`;

const { values } = parseArgs({ options: { once: { type: "boolean" } } });
process.exitCode = await main(values.once ?? false);

async function main(once: boolean): Promise<number> {
  using interruption = new Interruption();
  try {
    await demonstrate(once, interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted) {
      console.error(`demo: ${(error as Error).message}`);
      return 1;
    }
  }
  say("All of it is removed.");
  return once ? interruption.exitStatus : 0;
}

async function demonstrate(once: boolean, interrupted: AbortSignal): Promise<void> {
  await using registry = (await publicRegistriesAnswer()) ? undefined : await loopbackRegistry();
  await using daemon = await startDaemon({ registry: registry?.address });
  say(`The daemon serves on ${daemon.socket}, with everything it has in ${daemon.folder}`);

  const progress = new PullProgress(process.stdout);
  const images = {
    nginx: await ensureImage(daemon.client, nginx, progress, interrupted),
    busybox: await ensureImage(daemon.client, busybox, progress, interrupted),
  };
  interrupted.throwIfAborted();
  const pod = await Pod.run(daemon.client, { name: "demo", cgroupParent: daemon.cgroupParent });
  try {
    const container = await showPod(pod, images, interrupted);
    if (once) return;
    sayHowToGoOn(daemon, pod, container);
    await sleep(2 ** 31 - 1, undefined, { signal: interrupted });
  } finally {
    await pod.remove();
  }
}

/** Runs both containers and shows what they say; answers with the one whose log it was. */
async function showPod(
  pod: Pod,
  images: { nginx: string; busybox: string },
  interrupted: AbortSignal,
): Promise<PodContainer> {
  const address = (await pod.status()).network?.ip;
  if (!address) throw new Error("the pod has no address");
  say(`The pod has the address ${address}`);

  const server = await pod.create({ name: "nginx", imageRef: images.nginx });
  await server.start();
  const page = await answerOf(`http://${address.includes(":") ? `[${address}]` : address}/`, interrupted);
  say(`nginx answered there: ${/<title>.*<\/title>/.exec(page)?.[0] ?? page}`);

  const client = await pod.create({
    name: "busybox",
    imageRef: images.busybox,
    args: ["sh", "-c", busyboxScript],
  });
  say(`The log of the busybox container, ${client.logPath}:`);
  const answered = new AbortController();
  const follower = new LogFollower(client.logPath, ({ content }) => {
    process.stdout.write(`  ${content}`);
    if (content.includes("localhost")) answered.abort();
  });
  try {
    await client.start();
    await sleep(10_000, undefined, { signal: AbortSignal.any([answered.signal, interrupted]) }).catch(
      () => {},
    );
  } finally {
    await follower.finish();
  }
  return client;
}

/** Whether Docker Hub and registry.k8s.io can be reached from here. */
async function publicRegistriesAnswer(): Promise<boolean> {
  const probes = ["https://registry-1.docker.io/v2/", "https://registry.k8s.io/v2/"].map(async (url) => {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(3000) });
    return status === 200 || status === 401;
  });
  return (await Promise.all(probes).catch(() => [false])).every(Boolean);
}

async function loopbackRegistry(): Promise<Registry> {
  await ensureImages("base");
  const registry = await Registry.start({ storage: storeFolder() });
  say(`No public registry can be reached; one on ${registry.address} has images made from Debian's packages`);
  return registry;
}

/** What a web server that has just been started says at `url`, within ten seconds. */
async function answerOf(url: string, interrupted: AbortSignal): Promise<string> {
  for (const end = Date.now() + 10_000; ; await sleep(50, undefined, { signal: interrupted })) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
      return await response.text();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

function sayHowToGoOn({ socket, cgroupParent }: Daemon, pod: Pod, container: PodContainer): void {
  say("Go on with, for example:");
  say(`  bin/critter status --socket ${socket}`);
  say(`  bin/critter inspect --socket ${socket} demo`);
  for (const command of [
    "ps",
    `inspectp ${pod.id}`,
    `logs ${container.id}`,
    `exec --sync ${container.id} hostname`,
  ]) {
    say(`  crictl --runtime-endpoint unix://${socket} ${command}`);
  }
  say(`  bin/critter run --socket ${socket} --cgroup-parent ${cgroupParent} ${busybox} -- echo hello`);
  say("Ctrl-C ends the demonstration.");
}

function say(text: string): void {
  console.log(text);
}
