/** One client of the churn: it makes containers in a pod of its own, asks them all that can be asked, and removes them. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ContainerConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { containerConfig } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { EventReader } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { podConfigFor, type TestPod } from "../support/pods.ts";
import type { Random } from "../support/random.ts";
import type { Bed } from "./bed.ts";
import { askPortForward, attachAndLeave, execAndLeave, execByStream } from "./streams.ts";

/** How often a cycle ends with the pod, and a new one is run. */
const POD_SHARE = 0.15;
const HOST_PORT_SHARE = 0.2;
/** What an exec that is cut short would take, in seconds. */
const LONG = "1000";

export class ChurnClient {
  readonly #bed: Bed;
  readonly #random: Random;
  readonly #number: number;
  #pod: TestPod | undefined;

  /** `number` is the client's own, for its host port. */
  constructor(bed: Bed, random: Random, number: number) {
    this.#bed = bed;
    this.#random = random;
    this.#number = number;
  }

  /** One container's life, and now and then a pod's. */
  async cycle(): Promise<void> {
    this.#pod ??= await this.#runPod();
    if (this.#random.chance(0.2)) await this.#shortLife(this.#pod);
    else await this.#longLife(this.#pod);
    if (this.#random.chance(POD_SHARE)) await this.end();
  }

  /** Removes the pod, with whatever a cycle that failed has left in it. */
  async end(): Promise<void> {
    const podSandboxId = this.#pod?.id;
    this.#pod = undefined;
    if (podSandboxId === undefined) return;
    const { runtime } = this.#bed;
    await runtime.StopPodSandbox({ podSandboxId });
    await runtime.RemovePodSandbox({ podSandboxId });
  }

  async #runPod(): Promise<TestPod> {
    const { daemon, runtime } = this.#bed;
    const logDirectory = join(daemon.folder, "logs", String(this.#number));
    mkdirSync(logDirectory, { recursive: true });
    const hostPort = 23_000 + this.#number;
    const portMappings = this.#random.chance(HOST_PORT_SHARE) ? [{ containerPort: 80, hostPort }] : [];
    const config = podConfigFor(daemon, { logDirectory, portMappings });
    const { podSandboxId } = await runtime.RunPodSandbox({ config });
    return { id: podSandboxId, config };
  }

  async #create(pod: TestPod, changes: Init<ContainerConfig>): Promise<string> {
    const { runtime } = this.#bed;
    const config = containerConfig({ logPath: "container.log", ...changes });
    const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
    const { containerId } = await runtime.CreateContainer(request);
    return containerId;
  }

  /** A container that ends by itself. */
  async #shortLife(pod: TestPod): Promise<void> {
    const { runtime } = this.#bed;
    const code = this.#random.below(100);
    const containerId = await this.#create(pod, { command: ["sh", "-c", `echo ending; exit ${code}`] });
    await runtime.StartContainer({ containerId });
    await eventually(async () => {
      const { status } = await runtime.ContainerStatus({ containerId });
      assert.deepEqual([status?.state, status?.exitCode], ["CONTAINER_EXITED", code]);
    });
    await runtime.RemoveContainer({ containerId });
  }

  async #longLife(pod: TestPod): Promise<void> {
    const { runtime } = this.#bed;
    const obeys = this.#random.chance(0.5);
    const script = obeys ? "trap 'exit 5' TERM; while :; do sleep 0.1; done" : "exec sleep 1000000";
    const stdin = this.#random.chance(0.3);
    const containerId = await this.#create(pod, { command: ["sh", "-c", script], stdin });
    await runtime.StartContainer({ containerId });
    await this.#exec(containerId);
    await this.#ask(pod, containerId);
    await this.#disturb(pod, containerId);
    await runtime.StopContainer({ containerId, timeout: obeys ? 60 : 0 });
    const { status } = await runtime.ContainerStatus({ containerId });
    assert.deepEqual([status?.state, status?.exitCode], ["CONTAINER_EXITED", obeys ? 5 : 137]);
    await runtime.RemoveContainer({ containerId });
  }

  async #exec(containerId: string): Promise<void> {
    const { runtime } = this.#bed;
    const word = String(this.#random.below(1e9));
    const { stdout, exitCode } = await runtime.ExecSync({
      containerId,
      cmd: ["sh", "-c", `echo ${word}; exit 3`],
    });
    assert.deepEqual([stdout.toString(), exitCode], [`${word}\n`, 3]);
  }

  async #ask(pod: TestPod, containerId: string): Promise<void> {
    const { runtime } = this.#bed;
    const { stats } = await runtime.ContainerStats({ containerId });
    assert.equal(stats?.attributes?.id, containerId);
    const question = this.#random.pick([
      () => runtime.ListContainerStats(),
      () => runtime.ListPodSandboxStats(),
      () => runtime.ListPodSandboxMetrics(),
      () => runtime.PodSandboxStats({ podSandboxId: pod.id }),
      () => runtime.ListContainers(),
      () => runtime.ListPodSandbox(),
      () => runtime.PodSandboxStatus({ podSandboxId: pod.id, verbose: true }),
      () => runtime.ContainerStatus({ containerId, verbose: true }),
      () => runtime.ReopenContainerLog({ containerId }),
      () => runtime.UpdateContainerResources({ containerId, linux: { cpuShares: 512 } }),
    ]);
    await question();
  }

  /** What ends badly, or before it has ended. */
  async #disturb(pod: TestPod, containerId: string): Promise<void> {
    const { daemon, runtime } = this.#bed;
    const exec = (cmd: string[], timeout: number) => runtime.ExecSync({ containerId, cmd, timeout });
    const expectOutcome = async (wanted: string, call: Promise<unknown>) =>
      assert.equal(await outcome(call), wanted);
    const disturbance = this.#random.pick([
      async () => {},
      () => expectOutcome("DEADLINE_EXCEEDED", exec(["sleep", LONG], 1)),
      async () => assert.notEqual((await exec(["no-such-program"], 10).catch(() => undefined))?.exitCode, 0),
      () => expectOutcome("NOT_FOUND", runtime.StartContainer({ containerId: "no-such-container" })),
      () => this.#hangUp((signal) => runtime.ExecSync({ containerId, cmd: ["sleep", LONG] }, { signal })),
      () => this.#hangUp((signal) => runtime.ListPodSandboxMetrics({}, { signal })),
      () =>
        this.#hangUp((signal) => runtime.UpdateContainerResources({ containerId, linux: {} }, { signal })),
      async () => (await EventReader.open(daemon.client))[Symbol.dispose](),
      () => execByStream(runtime, containerId),
      () => execAndLeave(runtime, containerId),
      () => attachAndLeave(runtime, containerId),
      () => askPortForward(runtime, pod.id),
    ]);
    await disturbance();
  }

  /** Cancels a call in the midst of it, or after it. */
  async #hangUp(call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    await call(AbortSignal.timeout(1 + this.#random.below(200))).catch(() => {});
  }
}
