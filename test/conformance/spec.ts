/** A spec: a test with a runtime to talk to, whose pods, files and images are removed after it without an error. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  ContainerConfig,
  ContainerStatus,
  Image,
  PodSandboxConfig,
  PodSandboxStatus,
} from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { containerConfig, podConfig } from "../support/configs.ts";
import { eventually } from "../support/eventually.ts";
import { SLOW } from "../support/slow.ts";
import { cgroupParent, client, runtime as runtimeName } from "./endpoint.ts";
import { knownDifference } from "./known-differences.ts";

/** A pod sandbox of a spec, with the configuration it was run with. */
export interface Pod {
  id: string;
  config: Init<PodSandboxConfig>;
}

/** Longest time for a spec, in ms. */
const PATIENCE = 180_000 * SLOW;

/** Declares the spec that critest has under this name, or will have; `lacking` is why the runtime is not held to it, as critest has it too. */
export function spec(name: string, body: (context: SpecContext) => Promise<void>, lacking?: string): void {
  const skip = lacking ?? knownDifference(runtimeName, name);
  test(name, { timeout: PATIENCE, skip: skip ?? false }, async () => {
    const context = new SpecContext();
    try {
      await body(context);
    } finally {
      await context.cleanUp();
    }
  });
}

/** What a spec does with the runtime, with critest's defaults. */
export class SpecContext {
  readonly runtime = client.runtime;
  readonly image = client.image;
  readonly #cleaning: (() => Promise<unknown>)[] = [];
  readonly #removed = new Set<string>();

  /** Cleans everything up, then fails if a part of that failed. */
  async cleanUp(): Promise<void> {
    const failures: unknown[] = [];
    for (const clean of this.#cleaning.reverse()) {
      await clean().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, `cleaning up: ${failures.join("; ")}`);
  }

  async runPod(changes: Init<PodSandboxConfig> = {}): Promise<Pod> {
    const config = podConfig(cgroupParent, changes);
    const { podSandboxId: id } = await this.runtime.RunPodSandbox({ config });
    this.#cleaning.push(async () => {
      if (!this.#removed.has(id)) await this.removePod(id);
    });
    return { id, config };
  }

  /** Stops a pod and removes it, whatever runs in it. */
  async removePod(podSandboxId: string): Promise<void> {
    await this.runtime.StopPodSandbox({ podSandboxId });
    await this.runtime.RemovePodSandbox({ podSandboxId });
    this.#removed.add(podSandboxId);
  }

  async podStatus(podSandboxId: string): Promise<PodSandboxStatus> {
    const { status } = await this.runtime.PodSandboxStatus({ podSandboxId });
    assert.ok(status, "PodSandboxStatus answers a status");
    return status;
  }

  /** Pulls the image where it is absent, creates a container in the pod and answers its id. */
  async createContainer(pod: Pod, changes: Init<ContainerConfig> = {}): Promise<string> {
    const config = containerConfig(changes);
    await this.ensureImage(config.image?.image ?? "", pod);
    const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
    return (await this.runtime.CreateContainer(request)).containerId;
  }

  /** Creates a container, starts it and waits until it runs. */
  async runContainer(pod: Pod, changes: Init<ContainerConfig> = {}): Promise<string> {
    const containerId = await this.createContainer(pod, changes);
    await this.startContainer(containerId);
    return containerId;
  }

  async startContainer(containerId: string): Promise<void> {
    await this.runtime.StartContainer({ containerId });
    await this.untilContainerIs(containerId, "CONTAINER_RUNNING");
  }

  async untilContainerIs(id: string, state: ContainerStatus["state"]): Promise<ContainerStatus> {
    return eventually(async () => {
      const status = await this.containerStatus(id);
      assert.equal(status.state, state);
      return status;
    });
  }

  async containerStatus(containerId: string): Promise<ContainerStatus> {
    const { status } = await this.runtime.ContainerStatus({ containerId });
    assert.ok(status, "ContainerStatus answers a status");
    return status;
  }

  /** Standard output of a command in a container; it must end with 0 and print nothing on standard error. */
  async exec(containerId: string, ...cmd: string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await this.runtime.ExecSync({
      containerId,
      cmd,
      timeout: 10 * SLOW,
    });
    assert.equal(stderr.toString(), "", `standard error of ${cmd.join(" ")}`);
    assert.equal(exitCode, 0, `exit code of ${cmd.join(" ")}`);
    return stdout.toString();
  }

  /** The image's status, null where it is absent. */
  async imageStatus(image: string): Promise<Image | null> {
    return (await this.image.ImageStatus({ image: { image } })).image;
  }

  /** Pulls the image unless it is there, as critest does before each CreateContainer. */
  async ensureImage(reference: string, pod?: Pod): Promise<void> {
    if (await this.imageStatus(withTag(reference))) return;
    await this.image.PullImage({ image: { image: reference }, sandboxConfig: pod?.config ?? null });
  }

  /** Pulls an image of which nothing may be present before, and removes it after the spec. Answers the image_ref. */
  async pull(reference: string): Promise<string> {
    const { imageRef } = await this.image.PullImage({ image: { image: reference } });
    this.#cleaning.push(() => this.image.RemoveImage({ image: { image: imageRef } }));
    return imageRef;
  }
}

/** The reference with `:latest` where it names neither a tag nor a digest nor an id. */
function withTag(reference: string): string {
  const plain = !reference.includes("@") && !/:[^/]*$/.test(reference) && !/^[0-9a-f]{64}$/.test(reference);
  return plain ? `${reference}:latest` : reference;
}
