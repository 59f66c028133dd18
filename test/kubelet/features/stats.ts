/** PodAndContainerStatsFromCRI: /stats/summary, /metrics/cadvisor and /metrics/resource are filled, with what the kernel says. */
import assert from "node:assert/strict";
import { statfsSync } from "node:fs";
import { detectCgroups } from "../../../src/cgroups/hierarchy.ts";
import { processesIn } from "../../../src/cgroups/processes.ts";
import { eventually } from "../../support/eventually.ts";
import { cpuNanoseconds, memoryFigures, pressureTotal } from "../../support/kernel-figures.ts";
import { Scrape } from "../../support/prometheus-text.ts";
import type { Feature } from "../feature.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import type { PodSpec } from "../node/kubernetes.ts";
import { containerCgroup, podCgroup } from "../node/pod-cgroups.ts";
import type { StaticPod } from "../node/static-pods.ts";

const MB = 1_000_000;
const LIMIT = 128 * 1024 * 1024;

/** Holds 20 MB, has written 5 MB to its layer and 2 MB to a volume, and does nothing more. */
const settled: PodSpec = {
  volumes: [{ name: "data", emptyDir: {} }],
  containers: [
    {
      name: "main",
      command: [
        "sh",
        "-c",
        `x=$(head -c 20000000 /dev/zero | tr '\\0' x); head -c 5000000 /dev/zero > /tmp/file
        head -c 2000000 /dev/zero > /data/file; echo written; sleep 100000; echo $x`,
      ],
      resources: { limits: { memory: String(LIMIT), cpu: "1" }, requests: { memory: "1Mi", cpu: "1m" } },
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    },
  ],
};

/** Fields of the parts of a pod's and a container's statistics; those of the pressure only where the kernel counts it. */
const CPU = ["time", "usageNanoCores", "usageCoreNanoSeconds"];
const MEMORY = [
  ...["time", "availableBytes", "usageBytes", "workingSetBytes", "rssBytes"],
  ...["pageFaults", "majorPageFaults"],
];
const DISK = ["time", "availableBytes", "capacityBytes", "usedBytes", "inodesFree", "inodes", "inodesUsed"];
const NETWORK = ["time", "name", "rxBytes", "rxErrors", "txBytes", "txErrors"];

// biome-ignore lint/suspicious/noExplicitAny: read field by field
type Json = any;

interface Cgroups {
  container: string;
  pod: string;
}

async function cgroupsOf(node: KubeletNode, pod: StaticPod): Promise<Cgroups> {
  const known = await pod.untilReady();
  return { container: containerCgroup(node, known, "main"), pod: podCgroup(node, known) };
}

async function podSummary({ kubelet }: KubeletNode, pod: StaticPod): Promise<Json> {
  const summary: Json = await kubelet.api.summary();
  const found = summary.pods.find(({ podRef }: Json) => podRef.name.startsWith(pod.metadata.name));
  assert.ok(found, "the pod is in the summary");
  return found;
}

function assertFields(what: string, part: Json, fields: readonly string[]): void {
  assert.ok(part, `${what} is there`);
  for (const field of fields) assert.notEqual(part[field], undefined, `${what} has no ${field}`);
}

/** A figure that only grows, read between two looks at the kernel's. */
function assertBetween(what: string, before: number, value: number, after: number): void {
  assert.ok(before <= value && value <= after, `${what}: ${before} <= ${value} <= ${after}`);
}

/** Compares a part of the summary, and what the kernel said of the cgroup before and after. */
function assertProcessor(what: string, part: Json, before: number, after: number): void {
  assertFields(`${what}'s cpu`, part, CPU);
  assertBetween(`${what}'s processor time`, before, part.usageCoreNanoSeconds, after);
}

type Memory = ReturnType<typeof memoryFigures>;

function assertMemory(what: string, part: Json, before: Memory, after: Memory): void {
  assertFields(`${what}'s memory`, part, MEMORY);
  assert.deepEqual(before, after, "the memory has settled");
  const { usageBytes: usage, workingSetBytes: workingSet, rssBytes: anonymous } = part;
  const { pageFaults, majorPageFaults } = part;
  assert.deepEqual({ usage, workingSet, anonymous, pageFaults, majorPageFaults }, before, what);
  assert.equal(part.availableBytes, LIMIT - workingSet);
}

function assertPressure(
  what: string,
  part: Json,
  before: number | undefined,
  after: number | undefined,
): void {
  if (before === undefined || after === undefined) return;
  assertFields(`${what}'s pressure`, part?.psi?.some, ["total", "avg10", "avg60", "avg300"]);
  assertBetween(`${what}'s pressure`, before, part.psi.some.total, after);
}

const RESOURCES = ["cpu", "memory", "io"] as const;

/** Everything of one cgroup that the kernel says. */
function kernelSays(cgroup: string) {
  return {
    cpu: cpuNanoseconds(cgroup),
    memory: memoryFigures(cgroup),
    pressure: RESOURCES.map((resource) => pressureTotal(cgroup, resource)),
  };
}

async function assertSummary(node: KubeletNode, pod: StaticPod): Promise<void> {
  const cgroups = await cgroupsOf(node, pod);
  const before = { container: kernelSays(cgroups.container), pod: kernelSays(cgroups.pod) };
  const stats = await podSummary(node, pod);
  const after = { container: kernelSays(cgroups.container), pod: kernelSays(cgroups.pod) };
  const [container] = stats.containers;
  assert.equal(container.name, "main");
  for (const [what, part] of [
    ["container", container],
    ["pod", stats],
  ] as const) {
    assertProcessor(what, part.cpu, before[what].cpu, after[what].cpu);
    assertMemory(what, part.memory, before[what].memory, after[what].memory);
    RESOURCES.forEach((resource, at) => {
      assertPressure(
        `${what}'s ${resource}`,
        part[resource],
        before[what].pressure[at],
        after[what].pressure[at],
      );
    });
  }
}

/** Values of a pod's metrics by name and labels. */
function seriesOf(scrape: Scrape, name: string): Map<string, string> {
  const all = scrape.names.flatMap((metric) =>
    scrape.series(metric).map(({ labels, value }) => ({ metric, labels, value })),
  );
  const own = all.filter(({ labels }) => labels.pod?.startsWith(name));
  return new Map(
    own.map(({ metric, labels, value }) => [`${metric} ${JSON.stringify(labels)}`, String(value)]),
  );
}

/** The pod, once it does nothing any more. */
async function settledPod(node: KubeletNode): Promise<StaticPod> {
  const pod = await node.pods.run("stats", settled);
  await pod.untilReady();
  await eventually(async () => assert.equal(await pod.log("main"), "written\n"));
  return pod;
}

export const features: readonly Feature[] = [
  {
    name: "/stats/summary: processor, memory and pressure of pod and container are the kernel's",
    async run(node) {
      await using pod = await settledPod(node);
      await eventually(() => assertSummary(node, pod), 40);
    },
  },
  {
    name: "/stats/summary: what is written, to the layer, the log and volumes",
    async run(node) {
      await using pod = await settledPod(node);
      await eventually(async () => {
        const stats = await podSummary(node, pod);
        const [{ rootfs, logs }] = stats.containers;
        const [data] = stats.volume;
        for (const [what, part] of Object.entries({
          rootfs,
          logs,
          data,
          ephemeral: stats["ephemeral-storage"],
        }))
          assertFields(what, part, DISK);
        const { blocks, bsize, files } = statfsSync(node.kubelet.rootDir);
        assert.deepEqual([rootfs.capacityBytes, rootfs.inodes], [blocks * bsize, files]);
        assert.ok(rootfs.usedBytes >= 5 * MB && rootfs.usedBytes < 5.2 * MB, `layer: ${rootfs.usedBytes}`);
        assert.ok(rootfs.inodesUsed >= 2 && rootfs.inodesUsed < 20, `inodes: ${rootfs.inodesUsed}`);
        assert.ok(logs.usedBytes > 0, `log: ${logs.usedBytes}`);
        assert.equal(data.name, "data");
        assert.ok(data.usedBytes >= 2 * MB && data.usedBytes < 2.1 * MB, `volume: ${data.usedBytes}`);
        const all = stats["ephemeral-storage"].usedBytes;
        assert.ok(all >= rootfs.usedBytes + logs.usedBytes + data.usedBytes, `all: ${all}`);
      }, 40);
    },
  },
  {
    name: "/stats/summary: network and processes",
    async run(node) {
      await using pod = await settledPod(node);
      const cgroups = await cgroupsOf(node, pod);
      const gateway = "$(ip route | awk '/default/ { print $3 }')";
      // Nobody listens there: each is a segment out and one back.
      await pod.sh("main", `for n in 1 2 3; do nc ${gateway} 9 < /dev/null 2> /dev/null || true; done`);
      await eventually(async () => {
        const { network, process_stats: processes, swap } = await podSummary(node, pod);
        assertFields("network", network, NETWORK);
        assert.equal(network.name, "eth0");
        assert.ok(
          network.rxBytes >= 3 * 54 && network.txBytes >= 3 * 54,
          `${network.rxBytes}, ${network.txBytes}`,
        );
        assert.equal(network.rxErrors + network.txErrors, 0);
        assert.equal(processes.process_count, processesIn(detectCgroups(), cgroups.pod).length);
        assert.ok(swap === undefined || swap.swapUsageBytes === 0);
      });
    },
  },
  {
    name: "/stats/summary: the node's image file system is critter's",
    async run(node) {
      // A kubelet that has only begun has no figures of its machine yet.
      const summary: Json = await eventually(() => node.kubelet.api.summary());
      const { imageFs, containerFs } = summary.node.runtime;
      for (const [what, part] of Object.entries({ imageFs, containerFs })) assertFields(what, part, DISK);
      const { imageFilesystems } = await node.daemon.client.image.ImageFsInfo();
      const { blocks, bsize } = statfsSync(imageFilesystems[0]!.fsId!.mountpoint);
      assert.equal(imageFs.capacityBytes, blocks * bsize);
      assert.ok(imageFs.usedBytes > MB);
    },
  },
  {
    name: "/metrics/cadvisor has every metric that critter has, unchanged",
    async run(node) {
      await using pod = await settledPod(node);
      const { runtime } = node.daemon.client;
      await eventually(async () => {
        const { podMetrics } = await runtime.ListPodSandboxMetrics({});
        const scrape = new Scrape(await node.kubelet.api.get("/metrics/cadvisor"));
        const found = seriesOf(scrape, pod.metadata.name);
        const own = podMetrics.flatMap(({ metrics, containerMetrics }) => [
          ...metrics,
          ...containerMetrics.flatMap((container) => container.metrics),
        ]);
        const { descriptors } = await runtime.ListMetricDescriptors({});
        const keys = new Map(descriptors.map(({ name, labelKeys }) => [name, labelKeys]));
        const names = new Set<string>();
        for (const { name, labelValues } of own) {
          const labels = Object.fromEntries(keys.get(name)!.map((key, at) => [key, labelValues[at]!]));
          if (!labels.pod!.startsWith(pod.metadata.name)) continue;
          names.add(name);
          const series = scrape.series(name, labels);
          assert.equal(series.length, 1, `${name} ${JSON.stringify(labels)}`);
        }
        assert.ok(names.size > 40, `${names.size} metrics: ${[...names].join()}`);
        assert.ok(found.size >= names.size);
      });
    },
  },
  {
    name: "/metrics/cadvisor: processor time, memory and limits are the kernel's",
    async run(node) {
      await using pod = await settledPod(node);
      const { container } = await cgroupsOf(node, pod);
      await eventually(async () => {
        const before = kernelSays(container);
        const scrape = new Scrape(await node.kubelet.api.get("/metrics/cadvisor"));
        const value = (name: string) => {
          const [found] = scrape.series(name, { container: "main" }).filter(({ labels }) => {
            return labels.pod?.startsWith(pod.metadata.name);
          });
          return found?.value ?? Number.NaN;
        };
        // Of a container that does nothing any more, old figures are right too.
        assert.equal(value("container_memory_working_set_bytes"), before.memory.workingSet);
        assert.equal(value("container_memory_usage_bytes"), before.memory.usage);
        assert.equal(value("container_memory_rss"), before.memory.anonymous);
        assert.equal(value("container_cpu_usage_seconds_total"), Math.floor(before.cpu / 1e9));
        assert.equal(value("container_spec_memory_limit_bytes"), LIMIT);
        assert.equal(value("container_spec_cpu_quota"), 100_000);
      }, 40);
    },
  },
  {
    name: "/metrics/resource: processor time and memory of containers and pods",
    async run(node) {
      await using pod = await settledPod(node);
      const cgroups = await cgroupsOf(node, pod);
      const { metadata } = await pod.untilReady();
      await eventually(async () => {
        const before = { container: kernelSays(cgroups.container), pod: kernelSays(cgroups.pod) };
        const scrape = new Scrape(await node.kubelet.api.get("/metrics/resource"));
        const after = { container: kernelSays(cgroups.container), pod: kernelSays(cgroups.pod) };
        assert.equal(scrape.sum("resource_scrape_error"), 0);
        for (const what of ["container", "pod"] as const) {
          const labels = { pod: metadata.name, namespace: metadata.namespace };
          const value = (name: string) => scrape.sum(`${what}_${name}`, labels);
          const seconds = value("cpu_usage_seconds_total") * 1e9;
          // A floating point number of seconds has lost the last nanoseconds.
          assertBetween(what, before[what].cpu - 1000, seconds, after[what].cpu + 1000);
          assert.deepEqual(before[what].memory, after[what].memory);
          assert.equal(value("memory_working_set_bytes"), before[what].memory.workingSet);
        }
        const started = scrape.sum("container_start_time_seconds", { pod: metadata.name });
        assert.ok(Math.abs(started - Date.now() / 1000) < 600, String(started));
      }, 40);
    },
  },
];
