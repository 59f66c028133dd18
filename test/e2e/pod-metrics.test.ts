import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { detectCgroups } from "../../src/cgroups/hierarchy.ts";
import { cgroupFolder } from "../../src/cgroups/paths.ts";
import { processesIn } from "../../src/cgroups/processes.ts";
import type { ContainerConfig, Metric, PodSandboxMetrics } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { BUSYBOX } from "../support/configs.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";
import { send } from "../support/traffic.ts";

const MB = 1_000_000;
/** Figures may be five seconds old, those of processes and of what is written fifteen. */
const patience = 20;

const parts = suite({ settings: { "crio.stats": { included_pod_metrics: ["all"] } } });
const cgroups = detectCgroups();

const shell = (script: string): Init<ContainerConfig> => ({ command: ["sh", "-c", script] });

async function metricsOf(podSandboxId: string): Promise<PodSandboxMetrics | undefined> {
  const { podMetrics } = await parts.daemon.client.runtime.ListPodSandboxMetrics({});
  return podMetrics.find((one) => one.podSandboxId === podSandboxId);
}

/** A container's values by name and own labels, such as `container_ulimits_soft max_open_files`. */
async function valuesOf(pod: LivePod, containerId: string): Promise<Map<string, number>> {
  const found = await metricsOf(pod.id);
  const container = found?.containerMetrics.find((one) => one.containerId === containerId);
  assert.ok(container, `metrics of container ${containerId}`);
  return byName(container.metrics);
}

function byName(metrics: Metric[]): Map<string, number> {
  return new Map(
    metrics.map(({ name, labelValues, value }) => [
      [name, ...labelValues.slice(5)].join(" "),
      Number(value?.value),
    ]),
  );
}

/** Waits until the figures satisfy `check`. */
function eventuallyValues(
  pod: LivePod,
  containerId: string,
  check: (value: (name: string) => number) => void,
): Promise<void> {
  return eventually(async () => {
    const values = await valuesOf(pod, containerId);
    check((name) => values.get(name) ?? Number.NaN);
  }, patience);
}

/** A file of the container's cgroup: of the controller by its name in v1 or in v2. */
function cgroupFile(containerId: string, controller: string, v1: string, v2: string): string {
  const folder = cgroupFolder(cgroups, controller, parts.daemon.scopeOf(containerId)) ?? "";
  return readFileSync(join(folder, cgroups.version === "v2" ? v2 : v1), "utf8").trim();
}

test("labels, types and times are as the descriptors and the records say", async () => {
  const { runtime } = parts.daemon.client;
  await using pod = await livePod(parts.daemon);
  const from = BigInt(Date.now()) * 1_000_000n;
  const id = await pod.run({ image: { image: BUSYBOX, userSpecifiedImage: "busybox:by-its-user" } });
  const { descriptors } = await runtime.ListMetricDescriptors({});
  const keys = new Map(descriptors.map(({ name, labelKeys }) => [name, labelKeys]));
  const found = await metricsOf(pod.id);
  const { namespace, name: podName } = pod.config.metadata!;
  const { status } = await runtime.ContainerStatus({ containerId: id });
  assert.ok(found);
  const [container] = found.containerMetrics;
  assert.equal(container?.containerId, id);
  const told = [
    ...found.metrics.map((metric) => ({ metric, base: [pod.id, "", namespace, podName, "POD"] })),
    ...container.metrics.map((metric) => ({
      metric,
      base: [id, "busybox:by-its-user", namespace, podName, status?.metadata?.name],
    })),
  ];
  for (const { metric, base } of told) {
    assert.deepEqual(keys.get(metric.name)?.slice(0, 5), ["id", "image", "namespace", "pod", "container"]);
    assert.equal(metric.labelValues.length, keys.get(metric.name)?.length, metric.name);
    assert.deepEqual(metric.labelValues.slice(0, 5), base, metric.name);
    const counts = /_total$|_failcnt$/.test(metric.name) && metric.name !== "container_fs_inodes_total";
    assert.equal(metric.metricType, counts ? "COUNTER" : "GAUGE", metric.name);
    // This client's numbers lose the last digits.
    const age = Number(BigInt(Math.round(Number(metric.timestamp))) - from) / 1e9;
    assert.ok(age > -1 && age < 60, `${metric.name}: ${age}`);
  }
});

test("processor time and throttling, between what the cgroup says before and after", async () => {
  await using pod = await livePod(parts.daemon);
  const resources = { cpuPeriod: 50_000, cpuQuota: 15_000, cpuShares: 512 };
  const id = await pod.run({ ...shell("while :; do :; done"), linux: { resources } });
  const before = await eventually(() => {
    const now = processorTime(id);
    assert.ok(now.used >= 1.5 && now.throttledPeriods > 10);
    return now;
  }, 30);
  await eventuallyValues(pod, id, (value) => {
    const now = processorTime(id);
    const within = (name: string, figure: keyof typeof now) => {
      assert.ok(value(name) >= Math.floor(before[figure]), `${name}: ${value(name)} < ${before[figure]}`);
      assert.ok(value(name) <= now[figure], `${name}: ${value(name)} > ${now[figure]}`);
    };
    within("container_cpu_usage_seconds_total total", "used");
    within("container_cpu_cfs_periods_total", "periods");
    within("container_cpu_cfs_throttled_periods_total", "throttledPeriods");
    within("container_cpu_cfs_throttled_seconds_total", "throttled");
    const kinds = value("container_cpu_user_seconds_total") + value("container_cpu_system_seconds_total");
    assert.ok(Math.abs(kinds - value("container_cpu_usage_seconds_total total")) <= 2, `${kinds} s`);
    assert.equal(value("container_spec_cpu_period"), 50_000);
    assert.equal(value("container_spec_cpu_quota"), 15_000);
    assert.equal(value("container_spec_cpu_shares"), 512);
  });
  const quota = cgroupFile(id, "cpu", "cpu.cfs_quota_us", "cpu.max").split(" ")[0];
  assert.equal(Number(quota), 15_000);
});

/** What the cgroup's files say, in seconds and periods. */
function processorTime(containerId: string) {
  const stat = cgroupFile(containerId, "cpu", "cpu.stat", "cpu.stat");
  const figure = (key: string) => Number(new RegExp(`^${key} (\\d+)$`, "m").exec(stat)?.[1]);
  const v2 = cgroups.version === "v2";
  return {
    used: v2
      ? figure("usage_usec") / 1e6
      : Number(cgroupFile(containerId, "cpuacct", "cpuacct.usage", "")) / 1e9,
    periods: figure("nr_periods"),
    throttledPeriods: figure("nr_throttled"),
    throttled: v2 ? figure("throttled_usec") / 1e6 : figure("throttled_time") / 1e9,
  };
}

test("memory that a container holds, page by page", async () => {
  await using pod = await livePod(parts.daemon);
  const limit = 100 << 20;
  const hold = "head -c 20000000 /dev/zero > /cache; x=$(head -c 20000000 /dev/zero | tr '\\0' x)";
  const id = await pod.run({
    ...shell(`${hold}; sleep 1000; echo $x`),
    linux: { resources: { memoryLimitInBytes: limit, memorySwapLimitInBytes: limit } },
  });
  await eventuallyValues(pod, id, (value) => {
    assert.ok(value("container_memory_rss") > 20 * MB);
    assert.ok(value("container_memory_cache") >= 20 * MB);
    const usage = Number(cgroupFile(id, "memory", "memory.usage_in_bytes", "memory.current"));
    assert.ok(Math.abs(value("container_memory_usage_bytes") - usage) < MB);
    assert.ok(value("container_memory_max_usage_bytes") >= usage - MB);
    assert.ok(value("container_memory_working_set_bytes") > 20 * MB);
    assert.ok(value("container_memory_working_set_bytes") <= value("container_memory_usage_bytes"));
    assert.equal(value("container_memory_failcnt"), 0);
    // How many those are is the kernel's choice: a huge page is one fault.
    const faults = /^pgfault (\d+)$/m.exec(cgroupFile(id, "memory", "memory.stat", "memory.stat"))?.[1];
    assert.equal(value("container_memory_failures_total pgfault container"), Number(faults));
    assert.equal(value("container_spec_memory_limit_bytes"), limit);
    assert.equal(value("container_spec_memory_swap_limit_bytes"), limit);
  });
});

test("a process that is killed for want of memory", async () => {
  await using pod = await livePod(parts.daemon);
  const eat = "x=a; while :; do x=$x$x; done";
  const limit = 32 << 20;
  const id = await pod.run({
    ...shell(`sh -c '${eat}'; exec sleep 1000`),
    linux: { resources: { memoryLimitInBytes: limit, memorySwapLimitInBytes: limit } },
  });
  await eventuallyValues(pod, id, (value) => {
    assert.equal(value("container_oom_events_total"), 1);
    const events = cgroupFile(id, "memory", "memory.failcnt", "memory.events");
    assert.equal(value("container_memory_failcnt"), Number(/^(?:max )?(\d+)$/m.exec(events)?.[1]));
  });
});

test("processes, threads, descriptors, sockets and limits", async () => {
  await using pod = await livePod(parts.daemon);
  const listen = "nc -l -p 9000 & nc -l -p 9001 &";
  const open = "exec 5</etc/passwd 6</etc/passwd 7</etc/passwd";
  const id = await pod.run(shell(`ulimit -S -n 777; ${listen} ${open}; sleep 1000 & wait`));
  await eventuallyValues(pod, id, (value) => {
    const pids = processesIn(cgroups, parts.daemon.containerCgroup(id));
    assert.equal(pids.length, 4);
    assert.equal(value("container_processes"), pids.length);
    assert.equal(value("container_threads"), pids.length);
    const open = pids.flatMap(openFiles);
    assert.equal(value("container_file_descriptors"), open.length);
    const sockets = open.filter((target) => target.startsWith("socket:"));
    assert.equal(sockets.length, 2);
    assert.equal(value("container_sockets"), 2);
    assert.equal(value("container_ulimits_soft max_open_files"), 777);
    const max = cgroupFile(id, "pids", "pids.max", "pids.max");
    assert.equal(value("container_threads_max"), max === "max" ? 0 : Number(max));
  });
});

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).map((name) => readlinkSync(join(folder, name)));
}

test("what is written, and to what", async () => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run();
  await pod.sh(id, "head -c 5000000 /dev/urandom > /file; sync");
  const root = join(parts.daemon.folder, "root");
  const df = (field: string) =>
    execFileSync("df", ["-B1", `--output=${field}`, root], { encoding: "utf8" })
      .trim()
      .split("\n")[1]!
      .trim();
  const device = execFileSync("findmnt", ["-nvo", "SOURCE", "-T", root], { encoding: "utf8" }).trim();
  await eventuallyValues(pod, id, (value) => {
    const written = value(`container_fs_usage_bytes ${device}`);
    assert.ok(written >= 5 * MB && written < 5.1 * MB, String(written));
    assert.equal(value(`container_fs_limit_bytes ${device}`), Number(df("size")));
    assert.equal(value(`container_fs_inodes_total ${device}`), Number(df("itotal")));
    const free = Number(df("iavail"));
    assert.ok(Math.abs(value(`container_fs_inodes_free ${device}`) - free) < free / 10);
  });
});

test("bytes to a device, as the kernel counts them", async (t) => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run(shell("dd if=/dev/zero of=/file bs=1M count=8 conv=fsync; exec sleep 1000"));
  await eventuallyValues(pod, id, (value) => assert.ok(value("container_last_seen") > 0));
  const counted = cgroupFile(
    id,
    cgroups.version === "v2" ? "io" : "blkio",
    "blkio.throttle.io_service_bytes_recursive",
    "io.stat",
  );
  if (!/\d:\d/.test(counted)) return t.skip("the kernel counts no block I/O here");
  await eventually(async () => {
    const values = await valuesOf(pod, id);
    // A device on top of another counts what went through both.
    const [name, bytes] =
      [...values].find(([key]) => key.startsWith("container_fs_writes_bytes_total ")) ?? [];
    assert.ok(bytes! >= 8 << 20 && bytes! < 10 << 20, `${name} ${bytes}`);
    assert.match(name!, /^container_fs_writes_bytes_total \/dev\/\w+$/);
    assert.ok((values.get(name!.replace("writes_bytes", "writes")) ?? 0) > 0);
    const device = name!.split(" ")[1];
    const usage = [...values].find(([key]) =>
      new RegExp(`^container_blkio_device_usage_total ${device} \\d+ \\d+ Write$`).test(key),
    );
    assert.equal(usage?.[1], bytes);
  }, patience);
});

test("bytes and packets of a pod's interface", async () => {
  await using pod = await livePod(parts.daemon);
  await pod.run(shell("nc -l -p 9000 > /dev/null; exec sleep 1000"));
  const { network } = await pod.status();
  const values = async () => byName((await metricsOf(pod.id))?.metrics ?? []);
  const before = (await values()).get("container_network_receive_bytes_total eth0") ?? Number.NaN;
  await eventually(() => send(network!.ip, 9000, Buffer.alloc(10 * MB)));
  await eventually(async () => {
    const now = await values();
    const value = (name: string) => now.get(`container_network_${name} eth0`) ?? Number.NaN;
    const received = value("receive_bytes_total") - before;
    assert.ok(received >= 10 * MB && received < 11 * MB, String(received));
    assert.ok(value("receive_packets_total") > 10);
    assert.ok(value("transmit_bytes_total") > 0 && value("transmit_packets_total") > 0);
    for (const none of ["receive_errors_total", "transmit_errors_total", "transmit_packets_dropped_total"])
      assert.equal(value(none), 0);
    assert.equal(now.size, 8);
  }, patience);
});

test("a pod on the host's network has no traffic of its own, one without containers has no others", async () => {
  const { cgroupParent } = parts.daemon;
  const securityContext = { namespaceOptions: { network: "NODE" as const } };
  await using host = await livePod(parts.daemon, { linux: { cgroupParent, securityContext } });
  await using empty = await livePod(parts.daemon);
  const id = await host.run();
  assert.deepEqual((await metricsOf(host.id))?.metrics, []);
  assert.ok((await valuesOf(host, id)).has("container_memory_usage_bytes"));
  const ofEmpty = await metricsOf(empty.id);
  assert.deepEqual(ofEmpty?.containerMetrics, []);
  assert.equal(byName(ofEmpty.metrics).size, 8);
});

test("containers that end meanwhile, and pods that stop, are told of no more", async () => {
  const { runtime } = parts.daemon.client;
  await using pod = await livePod(parts.daemon);
  const ids = await Promise.all([pod.run(shell("sleep 1")), pod.run(shell("sleep 1")), pod.run()]);
  const listed = async () =>
    (await metricsOf(pod.id))?.containerMetrics.map(({ containerId }) => containerId).sort();
  await eventually(async () => {
    await Promise.all([listed(), listed(), listed()]);
    assert.deepEqual(await listed(), [ids[2]]);
  }, patience);
  await runtime.StopPodSandbox({ podSandboxId: pod.id });
  assert.equal(await metricsOf(pod.id), undefined);
});

test("a list of groups that is changed while the daemon runs", async () => {
  const { configFile, pid, client } = parts.daemon;
  const configuration = readFileSync(configFile, "utf8");
  const names = async () =>
    (await client.runtime.ListMetricDescriptors({})).descriptors.map(({ name }) => name);
  const all = await names();
  assert.equal(all.length, 56);
  const change = async (toml: string, expected: string[]) => {
    writeFileSync(configFile, toml);
    process.kill(pid, "SIGHUP");
    await eventually(async () => assert.deepEqual(await names(), expected));
  };
  await using pod = await livePod(parts.daemon);
  const id = await pod.run();
  await change(configuration.replace(/included_pod_metrics = .*/, 'included_pod_metrics = ["oom"]'), [
    "container_last_seen",
    "container_oom_events_total",
  ]);
  const values = await valuesOf(pod, id);
  assert.deepEqual([...values.keys()], ["container_last_seen", "container_oom_events_total"]);
  assert.deepEqual((await metricsOf(pod.id))?.metrics, []);
  await change(configuration, all);
});
