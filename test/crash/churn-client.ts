/** One of the clients of the churn: it makes and removes what is its own, and remembers what it was answered. */
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import type { PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { codeOf } from "../../src/cri/status-error.ts";
import { containerConfig } from "../support/configs.ts";
import type { Daemon } from "../support/daemon.ts";
import { podConfigFor } from "../support/pods.ts";
import type { Random } from "../support/random.ts";
import { REGISTRY } from "./images.ts";

/** The last that is known of a thing; a request that got no answer leaves it unsure, `ending` runs or has ended. */
type Known = "ready" | "created" | "running" | "ending" | "stopped" | "unsure";

const LABEL = "churn";
const BRIEF = "brief";
const MAX_CONTAINERS = 2;

const states: Record<string, Known> = {
  SANDBOX_READY: "ready",
  SANDBOX_NOTREADY: "stopped",
  CONTAINER_CREATED: "created",
  CONTAINER_RUNNING: "running",
  CONTAINER_EXITED: "stopped",
};

export class ChurnClient {
  readonly #daemon: Daemon;
  readonly #random: Random;
  readonly #name: string;
  readonly #image: string;
  #config: Init<PodSandboxConfig>;
  #attempt = 0;
  #pod: { id: string; state: Known } | undefined;
  /** Whether there may be a pod whose id nobody has told. */
  #mayHavePod = false;
  readonly #containers = new Map<string, Known>();
  /** Containers whose program ends by itself. */
  readonly #brief = new Set<string>();
  #made = 0;
  /** Requests that were answered. */
  answers = 0;

  constructor(daemon: Daemon, number: number, random: Random) {
    this.#daemon = daemon;
    this.#random = random;
    this.#name = `client-${number}`;
    this.#image = `${REGISTRY}/app-${number % 4}:latest`;
    this.#config = this.#newConfig();
  }

  /** One request, drawn by lot. Rejects with what it is answered, unless another client may have caused that. */
  async step(): Promise<void> {
    await (this.#random.chance(0.15) ? this.#stepOfImages() : this.#stepOfPods());
    this.answers++;
  }

  /**
   * After the daemon's start: fails unless everything that was answered is as it was, nothing is there twice, and what runs
   * works. What is unsure is found out.
   */
  async check(): Promise<void> {
    await this.#checkPod();
    await this.#checkContainers();
  }

  async #checkPod(): Promise<void> {
    const filter = { labelSelector: { [LABEL]: this.#name } };
    const { items } = await this.#daemon.client.runtime.ListPodSandbox({ filter });
    assert.ok(items.length <= 1, `${this.#name} has ${items.length} pods: ${JSON.stringify(items)}`);
    const found = items[0] && { id: items[0].id, state: states[items[0].state]! };
    const known = this.#pod;
    if (known && known.state !== "unsure") {
      assert.equal(found?.id, known.id, `${this.#name} has lost its pod`);
      assert.equal(found?.state, known.state, `pod ${known.id}`);
    } else if (!known && !this.#mayHavePod) assert.equal(found, undefined, "a pod has come back");
    this.#pod = found;
    this.#mayHavePod = false;
    if (!found) this.#config = this.#newConfig();
  }

  async #checkContainers(): Promise<void> {
    const { runtime } = this.#daemon.client;
    const filter = { labelSelector: { [LABEL]: this.#name } };
    const { containers } = await runtime.ListContainers({ filter });
    const found = new Map(containers.map(({ id, state }) => [id, states[state]!]));
    for (const { id, labels } of containers) if (labels[BRIEF]) this.#brief.add(id);
    for (const [id, known] of this.#containers) {
      if (known === "unsure") continue;
      // A pod that was being stopped or removed takes its containers along.
      const isTaken = this.#pod?.state !== "ready" && found.get(id) !== "running";
      const state = found.get(id);
      const isRight = known === "ending" ? state === "running" || state === "stopped" : state === known;
      assert.ok(isTaken || isRight, `container ${id} is ${state}, it should be ${known}`);
    }
    this.#containers.clear();
    for (const [id, state] of found) {
      const isBrief = this.#brief.has(id) && state === "running";
      this.#containers.set(id, isBrief ? "ending" : state);
      if (state !== "running" || isBrief) continue;
      const { exitCode } = await runtime.ExecSync({ containerId: id, cmd: ["true"], timeout: 20 });
      assert.equal(exitCode, 0);
    }
  }

  async #stepOfImages(): Promise<void> {
    const { image } = this.#daemon.client;
    const spec = { image: { image: this.#image } };
    await (this.#random.chance(0.6) ? image.PullImage(spec) : image.RemoveImage(spec));
  }

  async #stepOfPods(): Promise<void> {
    const pod = this.#pod;
    if (!pod) return this.#run();
    const chosen = this.#random.next();
    if (pod.state !== "ready") return this.#remove(pod.id);
    if (chosen < 0.08) return this.#stop(pod.id);
    if (chosen < 0.12) return this.#remove(pod.id);
    const known = [...this.#containers];
    if (known.length === 0 || (known.length < MAX_CONTAINERS && chosen < 0.4)) return this.#create(pod.id);
    const [id, state] = this.#random.pick(known);
    if (state === "created" && chosen < 0.9)
      return this.#change(id, this.#brief.has(id) ? "ending" : "running", "StartContainer", {});
    if (state === "running" && chosen < 0.7) return this.#exec(id);
    if (state === "running" && chosen < 0.9)
      return this.#change(id, "stopped", "StopContainer", { timeout: this.#random.below(2) });
    return this.#removeContainer(id);
  }

  async #run(): Promise<void> {
    this.#mayHavePod = true;
    const { podSandboxId } = await this.#daemon.client.runtime.RunPodSandbox({ config: this.#config });
    this.#pod = { id: podSandboxId, state: "ready" };
  }

  async #stop(podSandboxId: string): Promise<void> {
    this.#pod = { id: podSandboxId, state: "unsure" };
    this.#doubt();
    await this.#daemon.client.runtime.StopPodSandbox({ podSandboxId });
    this.#pod = { id: podSandboxId, state: "stopped" };
    for (const [id] of this.#containers) this.#containers.set(id, "stopped");
  }

  async #remove(podSandboxId: string): Promise<void> {
    this.#pod = { id: podSandboxId, state: "unsure" };
    this.#mayHavePod = true;
    this.#doubt();
    await this.#daemon.client.runtime.RemovePodSandbox({ podSandboxId });
    this.#pod = undefined;
    this.#mayHavePod = false;
    this.#containers.clear();
    this.#config = this.#newConfig();
  }

  #doubt(): void {
    for (const [id] of this.#containers) this.#containers.set(id, "unsure");
  }

  async #create(podSandboxId: string): Promise<void> {
    const isApp = this.#random.chance(0.3);
    const hasVolume = this.#random.chance(0.15);
    const isBrief = this.#random.chance(0.2);
    const image = { image: this.#image };
    const config = containerConfig({
      metadata: { name: `container-${this.#made++}`, attempt: 0 },
      labels: { [LABEL]: this.#name, ...(isBrief && { [BRIEF]: "yes" }) },
      command: isBrief ? ["sh", "-c", "sleep 0.3; exit 4"] : ["sleep", "inf"],
      ...(isApp && { image }),
      ...(hasVolume && { mounts: [{ containerPath: "/volume", readonly: true, image }] }),
    });
    try {
      const request = { podSandboxId, config, sandboxConfig: this.#config };
      const { containerId } = await this.#daemon.client.runtime.CreateContainer(request);
      this.#containers.set(containerId, "created");
      if (isBrief) this.#brief.add(containerId);
    } catch (error) {
      // Another client may have removed the image.
      if (!(isApp || hasVolume) || codeOf(error) !== status.NOT_FOUND) throw error;
    }
  }

  async #change(
    containerId: string,
    outcome: Known,
    call: "StartContainer" | "StopContainer",
    options: { timeout?: number },
  ): Promise<void> {
    this.#containers.set(containerId, "unsure");
    await this.#daemon.client.runtime[call]({ containerId, ...options });
    this.#containers.set(containerId, outcome);
  }

  async #exec(containerId: string): Promise<void> {
    const cmd = ["sh", "-c", "echo alive; sleep 0.05"];
    const { stdout } = await this.#daemon.client.runtime.ExecSync({ containerId, cmd, timeout: 20 });
    assert.equal(stdout.toString(), "alive\n");
  }

  async #removeContainer(containerId: string): Promise<void> {
    this.#containers.set(containerId, "unsure");
    await this.#daemon.client.runtime.RemoveContainer({ containerId });
    this.#containers.delete(containerId);
  }

  #newConfig(): Init<PodSandboxConfig> {
    const metadata = { name: this.#name, uid: this.#name, namespace: "churn", attempt: this.#attempt++ };
    const { cgroupParent } = this.#daemon;
    const network = this.#random.chance(0.2) ? "NODE" : "POD";
    const linux = { cgroupParent, securityContext: { namespaceOptions: { network } } } as const;
    return podConfigFor(this.#daemon, { metadata, labels: { [LABEL]: this.#name }, linux });
  }
}
