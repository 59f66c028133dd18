/** The metrics of pods and their containers, as ListPodSandboxMetrics and StreamPodSandboxMetrics tell them. */
import { readingOnce } from "../../cgroups/files.ts";
import { readCgroup } from "../../cgroups/readings.ts";
import type { PodMetricGroup } from "../../config/pod-metrics.ts";
import type { MetricDescriptor } from "../../cri/messages.ts";
import type { ContainerRecord } from "../../oci/record.ts";
import { namespaceModes, type PodSandboxRecord } from "../../sandbox/record.ts";
import { Slices } from "../../slices.ts";
import { containerCgroup } from "../cgroups-of.ts";
import { isReading } from "../container-stats.ts";
import type { StatsContext } from "../context.ts";
import { readInterfaces } from "../network.ts";
import { networkProcess } from "../network-process.ts";
import { overviewOf } from "../overview.ts";
import { DeviceNames } from "./devices.ts";
import { Filesystem } from "./filesystem.ts";
import { firstWalks } from "./first-walks.ts";
import { addGroups, descriptorsOf } from "./groups.ts";
import { GrowingBuffer } from "./growing-buffer.ts";
import { addNetwork } from "./network.ts";
import { lengthPrefix } from "./protobuf.ts";
import { Sheets } from "./sheets.ts";
import { SlowFinder } from "./slow-findings.ts";
import { ContainerSource, type Surroundings } from "./source.ts";

type Context = Pick<StatsContext, "sandboxes" | "containers" | "writableLayers">;

/** `pod_metrics` of ListPodSandboxMetricsResponse, and `pod_sandbox_metrics` of StreamPodSandboxMetricsResponse. */
const podField = 1;
/** `container_metrics` of PodSandboxMetrics. */
const containerField = 3;

/** How long what was read is good for, where crio.conf's collection_period does not say. */
const defaultFreshMs = 4000;

/** So long after the last answer everything is forgotten. */
const idleMs = 60_000;

/** What is kept from one answer to the next. */
interface Memory {
  included: readonly PodMetricGroup[];
  surroundings: Surroundings;
  pods: Sheets<PodSandboxRecord>;
  containers: Sheets<ContainerRecord>;
  slowFinder: SlowFinder;
}

export class PodMetrics {
  readonly #context: Context;
  #memory: Memory | undefined;
  #forgetting: NodeJS.Timeout | undefined;
  #lastLength = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Of all metrics that there may be with the groups that are included now. */
  descriptors(): MetricDescriptor[] {
    return descriptorsOf(this.#included);
  }

  /**
   * The metrics of those of the pods that are ready and of their running containers: a ListPodSandboxMetricsResponse, or equally a
   * StreamPodSandboxMetricsResponse. Figures are as old as `collection_period` allows, 4 s where it is 0, and those that take long 10 s
   * more. Their timestamps tell.
   */
  async encoded(pods: Iterable<PodSandboxRecord>): Promise<Buffer> {
    const memory = this.#remembered();
    const { running } = overviewOf(this.#context);
    const slices = new Slices();
    const answer = new GrowingBuffer(this.#lastLength + 4096);
    const chosen = [...pods];
    if (memory.included.includes("disk")) {
      await firstWalks(
        this.#context.writableLayers,
        chosen.flatMap(({ id }) => running.get(id) ?? []),
        slices,
      );
    }
    for (const pod of chosen) {
      const containers = running.get(pod.id) ?? [];
      for (const container of containers) await this.#renewContainer(memory, pod, container, slices);
      if (pod.phase !== "ready") continue;
      this.#renewPod(memory, pod, containers);
      append(answer, memory, pod, containers);
      if (slices.isOver) await slices.next();
    }
    this.#lastLength = answer.length;
    return answer.bytes;
  }

  get #included(): readonly PodMetricGroup[] {
    return this.#context.containers.config.stats.includedPodMetrics;
  }

  #remembered(): Memory {
    clearTimeout(this.#forgetting);
    this.#forgetting = setTimeout(() => this.#forget(), idleMs).unref();
    if (this.#memory?.included !== this.#included) this.#memory = this.#begin();
    return this.#memory;
  }

  #begin(): Memory {
    const { sandboxes, containers } = this.#context;
    const { cgroups } = containers.host;
    const freshMs = containers.config.stats.collectionPeriod * 1000 || defaultFreshMs;
    return {
      included: this.#included,
      surroundings: {
        cgroups,
        devices: new DeviceNames(),
        filesystem: new Filesystem(containers.storage.root),
      },
      pods: new Sheets(podLabels, freshMs),
      containers: new Sheets(
        (record) => containerLabels(sandboxes.store.find(record.podSandboxId), record),
        freshMs,
      ),
      slowFinder: new SlowFinder(cgroups, this.#included),
    };
  }

  #forget(): void {
    this.#memory = undefined;
    this.#lastLength = 0;
  }

  async #renewContainer(
    { included, surroundings, containers, slowFinder }: Memory,
    pod: PodSandboxRecord,
    record: ContainerRecord,
    slices: Slices,
  ): Promise<void> {
    if (containers.isFresh(record)) return;
    const path = containerCgroup(this.#context, pod, record.id);
    if (path === undefined) return;
    const slow = await slowFinder.find(path, record, slices);
    if (slices.isOver) await slices.next();
    readingOnce(() => {
      const reading = readCgroup(surroundings.cgroups, path);
      if (!isReading(reading)) return containers.forget(record);
      const writableLayer = included.includes("disk") ? this.#context.writableLayers.usageOf(record) : null;
      containers.fill(record, (sheet, timestamp) => {
        const findings = { record, path, reading, writableLayer, slow };
        addGroups(sheet, new ContainerSource(surroundings, timestamp, findings), included);
      });
    });
  }

  #renewPod({ included, pods }: Memory, pod: PodSandboxRecord, containers: ContainerRecord[]): void {
    if (pods.isFresh(pod)) return;
    pods.fill(pod, (sheet) => {
      // On the host's network the figures would be the machine's.
      if (!included.includes("network") || namespaceModes(pod.config).network === "NODE") return;
      const process = networkProcess(pod, containers);
      if (process) addNetwork(sheet, readInterfaces(process.pid));
    });
  }
}

/** Without a turn for others from here on, since another answer may fill the same sheets. */
function append(
  answer: GrowingBuffer,
  { pods, containers }: Memory,
  pod: PodSandboxRecord,
  records: ContainerRecord[],
): void {
  const running = records.filter(({ phase }) => phase === "running");
  const members = running.map((record) => containers.encoded(record)).filter((sheet) => sheet !== undefined);
  const parts = members.flatMap((sheet) => [lengthPrefix(containerField, sheet.length), sheet]);
  parts.unshift(pods.encoded(pod) ?? Buffer.alloc(0));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  answer.append(lengthPrefix(podField, length));
  for (const part of parts) answer.append(part);
}

/** cAdvisor calls a pod's pause container so, which has the pod's network. */
const podContainerName = "POD";

function podLabels({ id, config: { metadata } }: PodSandboxRecord): string[] {
  return [id, "", metadata.namespace, metadata.name, podContainerName];
}

function containerLabels(pod: PodSandboxRecord | undefined, { id, config }: ContainerRecord): string[] {
  const { namespace = "", name = "" } = pod?.config.metadata ?? {};
  const image = config.image?.userSpecifiedImage || config.image?.image || "";
  return [id, image, namespace, name, config.metadata.name];
}
