/** A daemon with a pod and a container that live, for messages to be sent to. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { containerConfig } from "../support/configs.ts";
import { removeAllPods } from "../support/cri.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { assertNothingLeft, countWithNothing, podConfigFor } from "../support/pods.ts";
import type { Resources } from "../support/resources.ts";

export class FuzzBed {
  readonly daemon: Daemon;
  readonly #registry: Registry;
  readonly #nothing: Resources;
  podSandboxId = "";
  containerId = "";
  /** May be stopped, started and removed, as often as one likes. */
  spareSandboxIds: readonly string[] = [];
  spareContainerIds: readonly string[] = [];
  podConfig: Init<PodSandboxConfig> = {};

  constructor(daemon: Daemon, registry: Registry, nothing: Resources) {
    this.daemon = daemon;
    this.#registry = registry;
    this.#nothing = nothing;
  }

  static async start(): Promise<FuzzBed> {
    await ensureImages("base");
    const registry = await Registry.start({ storage: storeFolder() });
    const daemon = await startDaemon({
      registry: registry.address,
      settings: { "crio.runtime": { enable_pod_events: true } },
    });
    const bed = new FuzzBed(daemon, registry, await countWithNothing(daemon));
    for (const folder of [bed.logDirectory, bed.volumes]) await mkdir(folder);
    return bed;
  }

  /** What requests may name: outside of these nothing shall be changed. */
  get logDirectory(): string {
    return join(this.daemon.folder, "logs");
  }

  get volumes(): string {
    return join(this.daemon.folder, "volumes");
  }

  get cgroupParent(): string {
    return this.daemon.cgroupParent;
  }

  /** Removes what messages have made, and runs the pods and containers anew. */
  async renew(): Promise<void> {
    const { runtime } = this.daemon.client;
    await this.assertNothingLeft();
    const labels = { app: "fuzz" };
    this.podConfig = podConfigFor(this.daemon, { logDirectory: this.logDirectory, labels });
    this.podSandboxId = (await runtime.RunPodSandbox({ config: this.podConfig })).podSandboxId;
    this.containerId = await this.#create("living");
    await runtime.StartContainer({ containerId: this.containerId });
    this.spareContainerIds = [await this.#create("spare-1"), await this.#create("spare-2")];
    const spare = await runtime.RunPodSandbox({ config: podConfigFor(this.daemon, { labels }) });
    this.spareSandboxIds = [spare.podSandboxId];
  }

  async #create(name: string): Promise<string> {
    const config = containerConfig({ labels: { app: "fuzz" }, logPath: `${name}.log` });
    const request = { podSandboxId: this.podSandboxId, config, sandboxConfig: this.podConfig };
    return (await this.daemon.client.runtime.CreateContainer(request)).containerId;
  }

  /** Fails where something is left once all pods are removed. */
  async assertNothingLeft(): Promise<void> {
    await removeAllPods(this.daemon.client);
    await assertNothingLeft(this.daemon, this.#nothing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon.dispose();
    await this.#registry.stop();
  }
}
