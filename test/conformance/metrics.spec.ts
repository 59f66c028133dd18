import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import type { Metric, MetricDescriptor, PodSandboxMetrics } from "../../src/cri/messages.ts";
import { codeOf } from "../../src/cri/status-error.ts";
import { eventually } from "../support/eventually.ts";
import { client } from "./endpoint.ts";
import { type SpecContext, spec } from "./spec.ts";

const PREFIX = "PodSandbox: runtime should support";

const both = (prefix: string, one: string, other: string, suffix = "") => [
  `${prefix}_${one}${suffix}`,
  `${prefix}_${other}${suffix}`,
];
const traffic = (direction: string) =>
  ["bytes", "errors", "packets_dropped", "packets"].map(
    (counted) => `container_network_${direction}_${counted}_total`,
  );

/** The 56 that critest knows. */
const names = [
  "container_blkio_device_usage_total",
  ...both("container_cpu_cfs", "periods", "throttled_periods", "_total"),
  "container_cpu_cfs_throttled_seconds_total",
  ...["system", "usage", "user"].map((kind) => `container_cpu_${kind}_seconds_total`),
  "container_file_descriptors",
  ...both("container_fs_inodes", "free", "total"),
  "container_fs_limit_bytes",
  ...both("container_fs", "reads_bytes", "reads", "_total"),
  "container_fs_usage_bytes",
  ...both("container_fs", "writes_bytes", "writes", "_total"),
  ...both("container_hugetlb", "max_usage", "usage", "_bytes"),
  "container_last_seen",
  ...["cache", "failcnt", "failures_total", "kernel_usage", "mapped_file", "max_usage_bytes"].map(memory),
  ...["rss", "swap", "usage_bytes", "working_set_bytes"].map(memory),
  ...traffic("receive"),
  ...traffic("transmit"),
  "container_oom_events_total",
  ...["cpu", "io", "memory"].flatMap((resource) =>
    both(`container_pressure_${resource}`, "stalled", "waiting", "_seconds_total"),
  ),
  "container_processes",
  "container_sockets",
  ...["period", "quota", "shares"].map((setting) => `container_spec_cpu_${setting}`),
  ...["limit", "reservation_limit", "swap_limit"].map((limit) => `container_spec_memory_${limit}_bytes`),
  "container_start_time_seconds",
  ...["container_threads", "container_threads_max"],
  "container_ulimits_soft",
];

/** What a kernel may not count: critest accepts their absence too. */
const optional = /^container_(blkio|fs_(reads|writes)|hugetlb|pressure)_/;

spec(
  `${PREFIX} metrics operations runtime should support returning metrics descriptors`,
  async (cri) => {
    const descriptors = await descriptorsOf(cri);
    for (const { name, help, labelKeys } of descriptors) {
      assert.notEqual(help, "", `${name} has help`);
      assert.notEqual(labelKeys.length, 0, `${name} has labels`);
    }
    const described = descriptors.map(({ name }) => name);
    assert.deepEqual(described.toSorted(), names.toSorted());
    assert.equal(new Set(names).size, 56);
  },
  await lacking(),
);

spec(
  `${PREFIX} metrics operations runtime should support listing pod sandbox metrics`,
  async (cri) => {
    const pod = await cri.runPod();
    const containerId = await cri.runContainer(pod, {
      linux: {
        resources: {
          cpuPeriod: 100_000,
          cpuQuota: 20_000,
          cpuShares: 1024,
          memoryLimitInBytes: 64 << 20,
          memorySwapLimitInBytes: 64 << 20,
        },
      },
    });
    const script =
      "mkdir -p /var/lib/disk && for i in 1 2 3; do echo hi >> /var/lib/disk/file-$i; done; sync";
    await cri.exec(containerId, "/bin/sh", "-c", script);

    const descriptors = await descriptorsOf(cri);
    // What a container has written may be measured in the background: in an emulated machine that takes longer than an answer waits.
    const found = await eventually(async () => {
      const metrics = allMetrics(await metricsOf(cri, pod.id));
      const told = new Set(metrics.map(({ name }) => name));
      assert.deepEqual(
        names.filter((name) => !told.has(name) && !optional.test(name)),
        [],
      );
      return metrics;
    });
    for (const metric of found) {
      const descriptor = descriptors.find(({ name }) => name === metric.name);
      assert.equal(metric.labelValues.length, descriptor?.labelKeys.length, metric.name);
    }
  },
  await lacking(),
);

function memory(kind: string): string {
  return `container_memory_${kind}`;
}

async function descriptorsOf({ runtime }: SpecContext): Promise<MetricDescriptor[]> {
  return (await runtime.ListMetricDescriptors({})).descriptors;
}

async function metricsOf({ runtime }: SpecContext, podSandboxId: string): Promise<PodSandboxMetrics> {
  const { podMetrics } = await runtime.ListPodSandboxMetrics({});
  const metrics = podMetrics.find((one) => one.podSandboxId === podSandboxId);
  assert.ok(metrics, `metrics of pod ${podSandboxId}`);
  return metrics;
}

function allMetrics({ metrics, containerMetrics }: PodSandboxMetrics): Metric[] {
  return [...metrics, ...containerMetrics.flatMap((container) => container.metrics)];
}

async function lacking(): Promise<string | undefined> {
  try {
    await client.runtime.ListMetricDescriptors({});
    return undefined;
  } catch (error) {
    if (codeOf(error) === status.UNIMPLEMENTED) return "the runtime has no metrics";
    throw error;
  }
}
