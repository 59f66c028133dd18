/** A pod that has nothing to do with a fault: what it was given must go on working while the fault lasts. */
import assert from "node:assert/strict";
import type { ContainerConfig, PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import type { Daemon } from "../support/daemon.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { DEADLINE, succeeds } from "./outcomes.ts";

/** Made by `neighbour`; `await using` removes the pod. */
export class Neighbour implements AsyncDisposable {
  readonly pod: LivePod;
  /** The container that runs. */
  readonly containerId: string;
  readonly #daemon: Daemon;

  constructor(daemon: Daemon, pod: LivePod, containerId: string) {
    this.#daemon = daemon;
    this.pod = pod;
    this.containerId = containerId;
  }

  /** Fails unless lists, statuses and statistics are answered; and unless a program can be run in the container. */
  async works(): Promise<void> {
    await this.isShown();
    const request = { containerId: this.containerId, cmd: ["echo", "works"], timeout: 10 };
    const answer = await succeeds("ExecSync", this.#daemon.client.runtime.ExecSync(request, DEADLINE));
    assert.equal(answer.stdout.toString(), "works\n");
  }

  /** Fails unless lists, statuses and statistics are answered. */
  async isShown(): Promise<void> {
    const { runtime, image } = this.#daemon.client;
    const { containerId, pod } = this;
    const pods = await succeeds("ListPodSandbox", runtime.ListPodSandbox({}, DEADLINE));
    assert.ok(pods.items.some(({ id, state }) => id === pod.id && state === "SANDBOX_READY"));
    const { containers } = await succeeds("ListContainers", runtime.ListContainers({}, DEADLINE));
    assert.ok(containers.some(({ id, state }) => id === containerId && state === "CONTAINER_RUNNING"));
    await succeeds("ListImages", image.ListImages({}, DEADLINE));
    await succeeds("ImageFsInfo", image.ImageFsInfo({}, DEADLINE));
    await succeeds("Status", runtime.Status({}, DEADLINE));
    assert.equal((await containerStatus(this.#daemon, containerId)).state, "CONTAINER_RUNNING");
    await succeeds("ContainerStats", runtime.ContainerStats({ containerId }, DEADLINE));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pod[Symbol.asyncDispose]();
  }
}

/** Runs a pod with a container in it. */
export async function neighbour(
  daemon: Daemon,
  config: Init<ContainerConfig> = {},
  podChanges: Init<PodSandboxConfig> = {},
): Promise<Neighbour> {
  const pod = await livePod(daemon, podChanges);
  return new Neighbour(daemon, pod, await pod.run(config));
}
