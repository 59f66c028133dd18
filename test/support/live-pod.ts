/** A pod that goes with the scope it was made in, and what tests do with its containers. */
import assert from "node:assert/strict";
import type {
  ContainerConfig,
  ContainerStatus,
  PodSandboxConfig,
  PodSandboxStatus,
} from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { containerConfig } from "./configs.ts";
import type { Daemon } from "./daemon.ts";
import { eventually } from "./eventually.ts";
import { containerStatus, podConfigFor, removePod } from "./pods.ts";

/** Made by `livePod`; `await using` stops and removes it. */
export class LivePod {
  readonly id: string;
  readonly config: Init<PodSandboxConfig>;
  readonly #daemon: Daemon;

  constructor(daemon: Daemon, id: string, config: Init<PodSandboxConfig>) {
    this.id = id;
    this.config = config;
    this.#daemon = daemon;
  }

  async status(): Promise<PodSandboxStatus> {
    const { status } = await this.#daemon.client.runtime.PodSandboxStatus({ podSandboxId: this.id });
    assert.ok(status);
    return status;
  }

  /** What `verbose` adds to the pod's status. */
  async verbose(): Promise<{ pid: number; monitorPid: number; runtimeSpec: Record<string, unknown> | null }> {
    const request = { podSandboxId: this.id, verbose: true };
    const { info } = await this.#daemon.client.runtime.PodSandboxStatus(request);
    return JSON.parse(info.info!);
  }

  /** Creates a container, of busybox if nothing else is said, and answers its id. */
  async create(changes: Init<ContainerConfig> = {}): Promise<string> {
    const config = containerConfig(changes);
    const request = { podSandboxId: this.id, config, sandboxConfig: this.config };
    return (await this.#daemon.client.runtime.CreateContainer(request)).containerId;
  }

  /** Creates a container and starts it. */
  async run(changes: Init<ContainerConfig> = {}): Promise<string> {
    const containerId = await this.create(changes);
    await this.#daemon.client.runtime.StartContainer({ containerId });
    return containerId;
  }

  /** Runs a shell for good that has set `traps`, as in "trap 'exit 7' TERM", when this resolves. */
  async runTrapping(traps: string, changes: Init<ContainerConfig> = {}): Promise<string> {
    const script = `${traps}; touch /ready; while true; do sleep 1000 & wait $!; done`;
    const containerId = await this.run({ ...changes, command: ["sh", "-c", script] });
    await eventually(() => this.sh(containerId, "test -e /ready"));
    return containerId;
  }

  /** Runs a container to its end. */
  async finish(changes: Init<ContainerConfig>): Promise<ContainerStatus> {
    return this.ended(await this.run(changes));
  }

  /** Waits for a container's end. */
  async ended(containerId: string): Promise<ContainerStatus> {
    return eventually(async () => {
      const status = await containerStatus(this.#daemon, containerId);
      assert.equal(status.state, "CONTAINER_EXITED");
      return status;
    }, 10);
  }

  /** Standard output of a shell's script in a container, without the last newline; it must end with 0. */
  async sh(containerId: string, script: string): Promise<string> {
    const request = { containerId, cmd: ["sh", "-c", script], timeout: 20 };
    const { stdout, stderr, exitCode } = await this.#daemon.client.runtime.ExecSync(request);
    assert.equal(exitCode, 0, `${script}: ${stderr}`);
    return stdout.toString().replace(/\n$/, "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removePod(this.#daemon, this.id);
  }
}

/** Runs a pod of a runtime handler, the default one if nothing else is said; `changes` are those of `podConfig`. */
export async function livePod(
  daemon: Daemon,
  changes: Init<PodSandboxConfig> = {},
  runtimeHandler = "",
): Promise<LivePod> {
  const config = podConfigFor(daemon, changes);
  const { podSandboxId } = await daemon.client.runtime.RunPodSandbox({ config, runtimeHandler });
  return new LivePod(daemon, podSandboxId, config);
}
