/** A pod that lasts as long as the command at the terminal: its containers, their logs, and its removal. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  ContainerStatus,
  Mount,
  PodSandboxConfig,
  PodSandboxStatus,
  PortMapping,
} from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import type { CriClient } from "./cri-client.ts";

export interface PodOptions {
  /** The pod's name and hostname; default `critter-` and some digits. */
  name?: string;
  portMappings?: Init<PortMapping>[];
  /** Default: the runtime's choice. */
  cgroupParent?: string;
  /** Default: the runtime's default handler. */
  runtimeHandler?: string;
}

export interface ContainerOptions {
  name: string;
  /** As the runtime knows it: what ensureImage() answers. */
  imageRef: string;
  /** In place of the image's CMD. */
  args?: string[];
  /** `NAME=VALUE`. */
  env?: string[];
  mounts?: Init<Mount>[];
  tty?: boolean;
}

export class Pod {
  readonly id: string;
  readonly #client: CriClient;
  readonly #config: Init<PodSandboxConfig> & { logDirectory: string };

  private constructor(
    client: CriClient,
    id: string,
    config: Init<PodSandboxConfig> & { logDirectory: string },
  ) {
    this.#client = client;
    this.id = id;
    this.#config = config;
  }

  /** Runs a pod without containers, its logs in a temporary folder. */
  static async run(client: CriClient, options: PodOptions = {}): Promise<Pod> {
    const name = options.name ?? `critter-${randomBytes(4).toString("hex")}`;
    const logDirectory = await mkdtemp(join(tmpdir(), `${name}-`));
    const config = {
      metadata: { name, uid: randomUUID(), namespace: "critter-run" },
      hostname: name,
      logDirectory,
      portMappings: options.portMappings ?? [],
      linux: {
        cgroupParent: options.cgroupParent ?? "",
        securityContext: { namespaceOptions: { pid: "CONTAINER" as const } },
      },
    };
    try {
      const runtimeHandler = options.runtimeHandler ?? "";
      const { podSandboxId } = await client.runtime.RunPodSandbox({ config, runtimeHandler });
      return new Pod(client, podSandboxId, config);
    } catch (error) {
      await rm(logDirectory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Creates a container, without starting it: so that its log can be followed from the first line. */
  async create(options: ContainerOptions): Promise<PodContainer> {
    const logPath = `${options.name}.log`;
    const { containerId } = await this.#client.runtime.CreateContainer({
      podSandboxId: this.id,
      sandboxConfig: this.#config,
      config: {
        metadata: { name: options.name },
        image: { image: options.imageRef },
        args: options.args ?? [],
        envs: (options.env ?? []).map(keyValue),
        mounts: options.mounts ?? [],
        labels: this.#labels(options.name),
        tty: options.tty ?? false,
        logPath,
        linux: {},
      },
    });
    return new PodContainer(this.#client, containerId, join(this.#config.logDirectory, logPath));
  }

  /** The kubelet's, by which crictl knows the pod of a container. */
  #labels(containerName: string): Record<string, string> {
    const { name = "", namespace = "", uid = "" } = this.#config.metadata ?? {};
    return {
      "io.kubernetes.pod.name": name,
      "io.kubernetes.pod.namespace": namespace,
      "io.kubernetes.pod.uid": uid,
      "io.kubernetes.container.name": containerName,
    };
  }

  async status(): Promise<PodSandboxStatus> {
    const { status } = await this.#client.runtime.PodSandboxStatus({ podSandboxId: this.id });
    return present(status, "pod sandbox");
  }

  /** Stops the pod and its containers, and removes them and their logs. */
  async remove(): Promise<void> {
    await this.#client.runtime.StopPodSandbox({ podSandboxId: this.id });
    await this.#client.runtime.RemovePodSandbox({ podSandboxId: this.id });
    await rm(this.#config.logDirectory, { recursive: true, force: true });
  }
}

export class PodContainer {
  readonly id: string;
  /** The log's path on the host. */
  readonly logPath: string;
  readonly #client: CriClient;

  constructor(client: CriClient, id: string, logPath: string) {
    this.#client = client;
    this.id = id;
    this.logPath = logPath;
  }

  async start(): Promise<void> {
    await this.#client.runtime.StartContainer({ containerId: this.id });
  }

  /** Sends the stop signal, and SIGKILL after `timeout` seconds. */
  async stop(timeout: number): Promise<void> {
    await this.#client.runtime.StopContainer({ containerId: this.id, timeout });
  }

  async status(): Promise<ContainerStatus> {
    const { status } = await this.#client.runtime.ContainerStatus({ containerId: this.id });
    return present(status, "container");
  }

  /** The status of the container once it has ended; its log is complete then. Rejects when `signal` is aborted. */
  async exited(signal?: AbortSignal): Promise<ContainerStatus> {
    // A client of the CRI can only ask; from a twentieth of a second, ever less often.
    for (let pause = 50; ; pause = Math.min(pause * 1.5, 500)) {
      const status = await this.status();
      if (status.state === "CONTAINER_EXITED") return status;
      await sleep(pause, undefined, { signal });
    }
  }
}

function keyValue(pair: string): { key: string; value: Buffer } {
  const equals = pair.indexOf("=");
  return { key: pair.slice(0, equals), value: Buffer.from(pair.slice(equals + 1)) };
}

function present<T>(status: T | null, kind: string): T {
  if (status === null) throw new Error(`the runtime answered without a status of the ${kind}`);
  return status;
}
