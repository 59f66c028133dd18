/** Static pods: manifests in the kubelet's folder, and what becomes of them. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CriClient } from "../../../src/client/cri-client.ts";
import { BUSYBOX } from "../../support/configs.ts";
import { eventually } from "../../support/eventually.ts";
import { SLOW } from "../../support/slow.ts";
import type { Kubelet } from "./kubelet.ts";
import { type ExecResult, execInContainer } from "./kubelet-exec.ts";
import type {
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  ObjectMeta,
  Pod,
  PodSpec,
} from "./kubernetes.ts";
import { FOREVER } from "./manifest.ts";

/** Seconds that a pod may take for what is waited for, unless said otherwise. */
const PATIENCE = 60;

export class StaticPods {
  readonly #kubelet: Kubelet;
  readonly #client: CriClient;
  #next: Promise<Pod[]> | undefined;

  constructor(kubelet: Kubelet, client: CriClient) {
    this.#kubelet = kubelet;
    this.#client = client;
  }

  /**
   * Writes the manifest of a pod, whose name gets an ending of its own. `await using` removes it. Containers are of busybox unless they
   * name an image, and run on unless they have a command; the grace period is two seconds unless the spec names one.
   */
  async run(name: string, spec: PodSpec, metadata: Partial<ObjectMeta> = {}): Promise<StaticPod> {
    const uid = randomUUID();
    const whole = { namespace: "default", uid, ...metadata, name: `${name}-${uid.slice(0, 4)}` };
    const pod = new StaticPod(this, this.#kubelet, this.#client, whole);
    await pod.write(spec);
    return pod;
  }

  /** All pods as the kubelet will next tell them: whoever waits shares one question every 0.2 s. */
  fresh(): Promise<Pod[]> {
    this.#next ??= this.#askSoon();
    return this.#next;
  }

  async #askSoon(): Promise<Pod[]> {
    await new Promise((resolve) => setTimeout(resolve, 200));
    this.#next = undefined;
    return this.#kubelet.api.pods();
  }
}

export class StaticPod {
  /** As in the manifest; the kubelet adds its own name. */
  readonly metadata: Required<Pick<ObjectMeta, "name" | "namespace" | "uid">> & ObjectMeta;
  readonly #pods: StaticPods;
  readonly #kubelet: Kubelet;
  readonly #client: CriClient;

  constructor(pods: StaticPods, kubelet: Kubelet, client: CriClient, metadata: StaticPod["metadata"]) {
    this.#pods = pods;
    this.#kubelet = kubelet;
    this.#client = client;
    this.metadata = metadata;
  }

  get uid(): string {
    return this.metadata.uid;
  }

  /** Where the kubelet keeps its volumes. */
  get folder(): string {
    return join(this.#kubelet.rootDir, "pods", this.uid);
  }

  /** Writes the manifest, anew where it is there: the same pod with another spec. */
  async write(spec: PodSpec): Promise<void> {
    const manifest = { apiVersion: "v1", kind: "Pod", metadata: this.metadata, spec: withDefaults(spec) };
    // The kubelet leaves alone what begins with a dot, and a rename is whole.
    const unfinished = join(this.#kubelet.staticPodPath, `.${this.metadata.name}`);
    await writeFile(unfinished, JSON.stringify(manifest, null, 2));
    await rename(unfinished, this.#manifest);
  }

  /** Waits until `look` answers something other than undefined and false; `what` it waits for is told where that takes too long. */
  async until<T>(what: string, look: (pod: Pod) => T | undefined | false, seconds = PATIENCE): Promise<T> {
    const end = performance.now() + seconds * SLOW * 1000;
    for (;;) {
      const pod = (await this.#pods.fresh()).find(({ metadata }) => metadata.uid === this.uid);
      const found = pod && look(pod);
      if (found !== undefined && found !== false) return found;
      if (performance.now() < end) continue;
      throw new Error(
        `${this.metadata.name}: not ${what} after ${seconds} s: ${JSON.stringify(pod?.status)}`,
      );
    }
  }

  async untilPhase(phase: Pod["status"]["phase"], seconds?: number): Promise<Pod> {
    return this.until(phase, (pod) => pod.status.phase === phase && pod, seconds);
  }

  /** Waits until all of its containers are ready. */
  async untilReady(seconds?: number): Promise<Pod> {
    return this.until("ready", (pod) => conditionOf(pod, "Ready") === "True" && pod, seconds);
  }

  /** Waits until a container, of any kind, has a status that `look` accepts. */
  async untilContainer<T>(
    name: string,
    what: string,
    look: (status: ContainerStatus) => T | undefined | false,
    seconds?: number,
  ): Promise<T> {
    return this.until(
      `${what} (${name})`,
      (pod) => {
        const status = statusOf(pod, name);
        return status && look(status);
      },
      seconds,
    );
  }

  /** Waits for the end of a container that is not started again. */
  async untilTerminated(name: string, seconds?: number): Promise<ContainerStateTerminated> {
    return this.untilContainer(
      name,
      "terminated",
      ({ state }: { state: ContainerState }) => state.terminated,
      seconds,
    );
  }

  /** What a container has written; `query` as kubectl sends it (`previous=true`). */
  async log(container: string, query = ""): Promise<string> {
    return this.#kubelet.api.containerLogs(this.#known, container, query);
  }

  async exec(container: string, command: readonly string[]): Promise<ExecResult> {
    return execInContainer(this.#kubelet.api.port, this.#known, container, command);
  }

  /** Standard output of a shell's script in a container, without the last newline; it must end with 0. */
  async sh(container: string, script: string): Promise<string> {
    const { stdout, stderr, exitCode } = await this.exec(container, ["sh", "-c", script]);
    if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}: ${stderr}${stdout}`);
    return stdout.replace(/\n$/, "");
  }

  /** Removes the manifest. */
  async delete(): Promise<void> {
    await unlink(this.#manifest).catch((error) => {
      if (error.code !== "ENOENT") throw error;
    });
  }

  /** Waits until nothing of the pod runs any more; its records go with the kubelet's next collection of garbage. */
  async untilGone(seconds = PATIENCE): Promise<void> {
    const labelSelector = { "io.kubernetes.pod.uid": this.uid };
    const { runtime } = this.#client;
    await eventually(async () => {
      const { items } = await runtime.ListPodSandbox({ filter: { labelSelector } });
      const { containers } = await runtime.ListContainers({ filter: { labelSelector } });
      const pods = items.filter(({ state }) => state === "SANDBOX_READY");
      const running = containers.filter(({ state }) => state === "CONTAINER_RUNNING");
      const left = [...pods, ...running].map(({ metadata }) => metadata?.name);
      if (left.length > 0) throw new Error(`${this.metadata.name} still runs: ${left.join(", ")}`);
    }, seconds);
  }

  /** Waits until the kubelet has put away the volumes of a pod that is gone. */
  async untilPutAway(seconds = PATIENCE): Promise<void> {
    await eventually(() => {
      if (existsSync(this.folder)) throw new Error(`${this.folder} is still there`);
    }, seconds);
  }

  /** Removes the manifest and waits until nothing of the pod runs any more. */
  async remove(seconds?: number): Promise<void> {
    await this.delete();
    await this.untilGone(seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  get #manifest(): string {
    return join(this.#kubelet.staticPodPath, `${this.metadata.name}.json`);
  }

  /** The kubelet's own name for it. */
  get #known(): Pick<Pod, "metadata"> {
    const { metadata } = this;
    return { metadata: { ...metadata, name: `${metadata.name}-${this.#kubelet.nodeName}` } };
  }
}

/** "True", "False" or "Unknown"; undefined where the pod has no such condition. */
export function conditionOf({ status }: Pod, type: string): string | undefined {
  return status.conditions?.find((condition) => condition.type === type)?.status;
}

/** Status of a container, of any kind. */
export function statusOf({ status }: Pod, name: string): ContainerStatus | undefined {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return all.find((container) => container.name === name);
}

/** Of busybox, unless a container names an image, and ended two seconds after it is told to. */
export function withDefaults({ containers, initContainers = [], ...spec }: PodSpec): PodSpec {
  const withImage = (container: PodSpec["containers"][number]) => ({
    image: BUSYBOX,
    imagePullPolicy: "IfNotPresent",
    ...(container.image === undefined && { command: FOREVER }),
    ...container,
  });
  return {
    terminationGracePeriodSeconds: 2,
    ...spec,
    initContainers: initContainers.map(withImage),
    containers: containers.map(withImage),
  };
}
