/** A registry that stops in the middle of an image, while clients give up and ask again. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { type Answer, startFaultyProxy } from "../registry/faulty-proxy.ts";
import { BUSYBOX, NGINX } from "../support/configs.ts";
import { startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { inParallel } from "../support/parallel.ts";
import { countWithNothing, podConfigFor, removePod } from "../support/pods.ts";
import { DaemonBed } from "./daemon-bed.ts";
import { type Fault, type FaultContext, faultSuite } from "./fault.ts";
import { refused } from "./refused.ts";
import { persist } from "./retries-client.ts";

type Proxy = Awaited<ReturnType<typeof startFaultyProxy>>;

/** Between the daemon and the registry: holds layers after their first half until it is told to go on. */
class Gate {
  #leastBytes = Number.POSITIVE_INFINITY;
  #waiting: (() => void)[] = [];

  /** From now on what is smaller passes: configurations are. */
  close(leastBytes = 10_000): void {
    this.#leastBytes = leastBytes;
  }

  /** What waits goes on, and nothing waits any more. */
  open(): void {
    this.#leastBytes = Number.POSITIVE_INFINITY;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** What waits will do so for ever; what is asked for from now on is sent. */
  forget(): void {
    this.#leastBytes = Number.POSITIVE_INFINITY;
    this.#waiting = [];
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  pass({ path, status, headers, body }: Answer, response: ServerResponse): boolean {
    if (!path.includes("/blobs/") || body.length < this.#leastBytes) return false;
    response.writeHead(status, headers);
    response.write(body.subarray(0, body.length / 2));
    this.#waiting.push(() => response.end(body.subarray(body.length / 2)));
    return true;
  }
}

class RegistryBed extends DaemonBed {
  readonly gate: Gate;
  readonly proxy: Proxy;

  constructor(parts: ConstructorParameters<typeof DaemonBed>, gate: Gate, proxy: Proxy) {
    super(...parts);
    this.gate = gate;
    this.proxy = proxy;
  }

  /** Layers and configurations that were asked for since `forgetAsked`, each once or more often. */
  get blobs(): string[] {
    return this.proxy.asked.map(({ path }) => path).filter((path) => path.includes("/blobs/"));
  }

  forgetAsked(): void {
    this.proxy.asked.length = 0;
  }

  async isWaiting(): Promise<void> {
    await eventually(() => assert.ok(this.gate.waiting > 0));
  }

  /** Removes the pause image, so that the next pod needs the registry. */
  async removePauseImage(): Promise<void> {
    const { images } = await this.daemon.client.image.ListImages({});
    const pause = images.find(({ repoTags }) => repoTags.some((tag) => tag.includes("/pause:")));
    await this.daemon.client.image.RemoveImage({ image: { image: pause!.id } });
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.gate.open();
    await super[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
  }
}

async function prepare(context: FaultContext): Promise<RegistryBed> {
  const gate = new Gate();
  const proxy = await startFaultyProxy(context.registry.address, (answer, response) =>
    gate.pass(answer, response),
  );
  const settings = { "crio.image": { pull_progress_timeout: "3s" } };
  const daemon = await startDaemon({ registry: proxy.address, settings });
  try {
    return new RegistryBed([context, daemon, await countWithNothing(daemon)], gate, proxy);
  } catch (error) {
    await daemon.dispose();
    throw error;
  }
}

/** Nothing was asked for twice. */
function assertOnce(blobs: string[]): void {
  assert.equal(new Set(blobs).size, blobs.length, blobs.join("\n"));
}

async function removeImage({ daemon }: RegistryBed, image: string): Promise<void> {
  await daemon.client.image.RemoveImage({ image: { image } });
}

const faults: Fault<RegistryBed>[] = [
  {
    name: "PullImage of ten clients with a deadline of a second gets the image, once",
    short: true,
    async inflict(bed) {
      bed.forgetAsked();
      bed.gate.close();
      setTimeout(() => bed.gate.open(), 2_000);
      const pull = () =>
        persist((options) => bed.daemon.client.image.PullImage({ image: { image: NGINX } }, options));
      const pulls = await inParallel(10, 10, pull);
      assert.ok(pulls.some(({ tries }) => tries > 1));
      assert.equal(new Set(pulls.map(({ answer }) => answer.imageRef)).size, 1);
      assertOnce(bed.blobs);
      await removeImage(bed, NGINX);
    },
  },
  {
    name: "RunPodSandbox of a client with a deadline of a second gets the pause image and the pod, once",
    short: true,
    async inflict(bed) {
      const { client } = bed.daemon;
      await bed.removePauseImage();
      bed.forgetAsked();
      bed.gate.close(100);
      const config = podConfigFor(bed.daemon);
      const pod = persist((options) => client.runtime.RunPodSandbox({ config }, options));
      await bed.isWaiting();
      assert.ok((await client.image.ImageStatus({ image: { image: BUSYBOX } })).image);
      setTimeout(() => bed.gate.open(), 1_500);
      const { answer } = await pod;
      const { items } = await client.runtime.ListPodSandbox();
      assert.deepEqual(
        items.map(({ id }) => id),
        [answer.podSandboxId],
      );
      assertOnce(bed.blobs);
      await removePod(bed.daemon, answer.podSandboxId);
    },
  },
  {
    name: "a connection that stays silent ends with a cause, and the next try goes on",
    async inflict(bed) {
      bed.gate.close();
      const pull = () => bed.daemon.client.image.PullImage({ image: { image: NGINX } }, { timeout: 60_000 });
      const first = refused(pull(), "DEADLINE_EXCEEDED", /nginx.*3s|pull_progress_timeout|no byte/i);
      await bed.isWaiting();
      await first;
      bed.gate.forget();
      await pull();
      await removeImage(bed, NGINX);
    },
  },
  {
    name: "the daemon is killed in the middle of a pull",
    async inflict(bed) {
      bed.gate.close();
      const image = { image: NGINX };
      const first = refused(bed.daemon.client.image.PullImage({ image }), "UNAVAILABLE", /./);
      await bed.isWaiting();
      await bed.daemon.kill();
      await first;
      bed.gate.forget();
      await bed.daemon.start();
      await persist((options) => bed.daemon.client.image.PullImage({ image }, options), /nothing answers/);
      await removeImage(bed, NGINX);
    },
  },
];

export const registryRetriesSuite = faultSuite({
  name: "registry",
  prepare,
  check: (bed) => bed.leftNothing(),
  faults,
});
