import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { type Files, machine } from "../../cgroups/fixtures.test.ts";
import { readCgroup } from "../../cgroups/readings.ts";
import { type PodMetricGroup, podMetricGroups } from "../../config/pod-metrics.ts";
import type { ContainerRecord } from "../../oci/record.ts";
import { DeviceNames } from "./devices.ts";
import { Filesystem } from "./filesystem.ts";
import { decodeSheet, valuesOf } from "./fixtures.test.ts";
import { addGroups, descriptorsOf } from "./groups.ts";
import { baseLabels } from "./metric.ts";
import { MetricSheet } from "./sheet.ts";
import { ContainerSource } from "./source.ts";

const record = {
  id: "container-1",
  startedAt: "1795275529123456789",
  resources: { cpuPeriod: 50_000, cpuQuota: 25_000, cpuShares: 2, memoryLimitInBytes: 1 << 26, unified: {} },
} as unknown as ContainerRecord;

const second = "1000000000";
const nothing = { timestamp: second, processes: undefined, hugePages: [] };

/** What a container in cgroup `/pod` of such a machine has in the groups. */
function valuesWith(
  hierarchies: Record<string, Files>,
  included: PodMetricGroup[],
  changes: Partial<ContainerSource> = {},
): Record<string, number> {
  const cgroups = machine(hierarchies);
  const path = "/pod";
  const sheet = new MetricSheet("container-1", ["container-1", "image", "namespace", "pod", "name"]);
  const surroundings = {
    cgroups,
    devices: new DeviceNames("/nonexistent"),
    filesystem: new Filesystem(tmpdir()),
  };
  const reading = readCgroup(cgroups, path);
  const findings = { record, path, reading, writableLayer: null, slow: nothing, ...changes };
  sheet.begin(second);
  addGroups(sheet, new ContainerSource(surroundings, second, findings), included);
  sheet.end();
  const { metrics } = decodeSheet(sheet);
  const keys = new Map(descriptorsOf(included).map(({ name, labelKeys }) => [name, labelKeys.length]));
  for (const { name, labelValues } of metrics) assert.equal(labelValues.length, keys.get(name), name);
  const { container_last_seen: lastSeen, ...values } = valuesOf(metrics);
  assert.ok(lastSeen! > 1_700_000_000);
  return values;
}

const pressure = (some: number, full: number) =>
  `some avg10=0.00 avg60=0.00 avg300=0.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${full}`;

const v2: Files = {
  "cpu.stat":
    "usage_usec 7900000\nuser_usec 5100000\nsystem_usec 2800000\nnr_periods 10\nnr_throttled 3\nthrottled_usec 4999999",
  "cpu.pressure": pressure(2_500_000, 1_000_000),
  "memory.stat":
    "anon 1000\nfile 4096\nkernel 300\nfile_mapped 512\ninactive_file 96\npgfault 7\npgmajfault 3",
  "memory.current": 5096,
  "memory.peak": 9000,
  "memory.events": "max 2\noom 1\noom_kill 1",
  "memory.max": "max",
  "memory.swap.current": 64,
  "memory.pressure": pressure(3_000_000, 2_000_000),
  "io.stat": "254:16 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=5 dios=1",
  "io.pressure": pressure(5_000_000, 4_000_000),
  "pids.current": 6,
  "pids.max": "max",
};

const v1: Record<string, Files> = {
  cpuacct: { "cpuacct.usage": 7_900_000_000, "cpuacct.stat": "user 510\nsystem 280" },
  cpu: { "cpu.stat": "nr_periods 10\nnr_throttled 3\nthrottled_time 4999999999" },
  memory: {
    "memory.stat":
      "cache 1\nswap 1\npgfault 7\npgmajfault 3\nhierarchical_memory_limit 9223372036854771712\ntotal_rss 1000\ntotal_cache 4096\ntotal_mapped_file 512\ntotal_inactive_file 96\ntotal_swap 64\ntotal_pgfault 7\ntotal_pgmajfault 3",
    "memory.usage_in_bytes": 5096,
    "memory.max_usage_in_bytes": 9000,
    "memory.kmem.usage_in_bytes": 300,
    "memory.failcnt": 2,
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1",
  },
  blkio: {
    "blkio.throttle.io_service_bytes_recursive":
      "254:16 Read 100\n254:16 Write 200\n254:16 Sync 300\n254:16 Async 0\n254:16 Discard 5\n254:16 Total 305\nTotal 305",
    "blkio.throttle.io_serviced_recursive":
      "254:16 Read 1\n254:16 Write 2\n254:16 Discard 1\n254:16 Total 4\nTotal 4",
  },
  pids: { "pids.current": 6, "pids.max": "max" },
  "": {
    "cpu.pressure": v2["cpu.pressure"]!,
    "memory.pressure": v2["memory.pressure"]!,
    "io.pressure": v2["io.pressure"]!,
  },
};

for (const [version, hierarchies] of Object.entries({ v1, v2: { unified: v2 } })) {
  test(`${version}: processor time in whole seconds`, () => {
    assert.deepEqual(valuesWith(hierarchies, ["cpu"]), {
      container_cpu_user_seconds_total: 5,
      container_cpu_system_seconds_total: 2,
      "container_cpu_usage_seconds_total total": 7,
      container_cpu_cfs_periods_total: 10,
      container_cpu_cfs_throttled_periods_total: 3,
      container_cpu_cfs_throttled_seconds_total: 4,
    });
  });

  test(`${version}: memory, and what was killed for want of it`, () => {
    assert.deepEqual(valuesWith(hierarchies, ["memory", "oom"]), {
      container_memory_cache: 4096,
      container_memory_rss: 1000,
      container_memory_kernel_usage: 300,
      container_memory_mapped_file: 512,
      container_memory_swap: 64,
      container_memory_failcnt: 2,
      container_memory_usage_bytes: 5096,
      container_memory_max_usage_bytes: 9000,
      container_memory_working_set_bytes: 5000,
      "container_memory_failures_total pgfault container": 7,
      "container_memory_failures_total pgfault hierarchy": 7,
      "container_memory_failures_total pgmajfault container": 3,
      "container_memory_failures_total pgmajfault hierarchy": 3,
      container_oom_events_total: 1,
    });
  });

  test(`${version}: devices, by number where they have no name`, () => {
    assert.deepEqual(valuesWith(hierarchies, ["diskIO"]), {
      "container_fs_reads_bytes_total 254:16": 100,
      "container_fs_reads_total 254:16": 1,
      "container_fs_writes_bytes_total 254:16": 200,
      "container_fs_writes_total 254:16": 2,
      "container_blkio_device_usage_total 254:16 254 16 Read": 100,
      "container_blkio_device_usage_total 254:16 254 16 Write": 200,
      "container_blkio_device_usage_total 254:16 254 16 Discard": 5,
    });
  });

  test(`${version}: pressure`, () => {
    assert.deepEqual(valuesWith(hierarchies, ["pressure"]), {
      container_pressure_cpu_stalled_seconds_total: 1,
      container_pressure_cpu_waiting_seconds_total: 2,
      container_pressure_memory_stalled_seconds_total: 2,
      container_pressure_memory_waiting_seconds_total: 3,
      container_pressure_io_stalled_seconds_total: 4,
      container_pressure_io_waiting_seconds_total: 5,
    });
  });

  test(`${version}: processes and threads, 0 and the largest number for no limit`, () => {
    const processes = { processes: 2, descriptors: 20, sockets: 4, openFilesLimit: -1 };
    const slow = { ...nothing, processes };
    assert.deepEqual(valuesWith(hierarchies, ["process"], { slow }), {
      container_threads: 6,
      container_threads_max: 0,
      container_file_descriptors: 20,
      container_processes: 2,
      container_sockets: 4,
      "container_ulimits_soft max_open_files": 2 ** 64,
    });
  });
}

test("huge pages by size", () => {
  const hugePages = [
    { pageSize: "2MB", usageBytes: 4, maxUsageBytes: 8 },
    { pageSize: "1GB", usageBytes: 0, maxUsageBytes: undefined },
  ];
  assert.deepEqual(valuesWith(v1, ["hugetlb"], { slow: { ...nothing, hugePages } }), {
    "container_hugetlb_usage_bytes 2MB": 4,
    "container_hugetlb_max_usage_bytes 2MB": 8,
    "container_hugetlb_usage_bytes 1GB": 0,
  });
});

test("what a container may use", () => {
  const limits = {
    container_spec_cpu_period: 50_000,
    container_spec_cpu_shares: 2,
    container_spec_cpu_quota: 25_000,
    container_spec_memory_limit_bytes: 1 << 26,
    container_spec_memory_reservation_limit_bytes: 0,
    container_spec_memory_swap_limit_bytes: 0,
    container_start_time_seconds: 1_795_275_529,
  };
  assert.deepEqual(valuesWith({ unified: v2 }, ["spec"]), limits);
  const unlimited = { ...record, resources: null };
  const { container_spec_cpu_quota: _, ...others } = limits;
  assert.deepEqual(valuesWith({ unified: v2 }, ["spec"], { record: unlimited }), {
    ...others,
    container_spec_cpu_period: 100_000,
    container_spec_cpu_shares: 1024,
    container_spec_memory_limit_bytes: 0,
  });
});

test("what the container has written, and the filesystem that this is in", () => {
  const { device, bytes, inodes } = new Filesystem(tmpdir()).now;
  const usage = { usedBytes: { value: 4096 }, inodesUsed: { value: 1 }, timestamp: second, fsId: null };
  const values = valuesWith({ unified: v2 }, ["disk"], { writableLayer: usage });
  assert.equal(values[`container_fs_usage_bytes ${device}`], 4096);
  assert.equal(values[`container_fs_limit_bytes ${device}`], bytes);
  assert.equal(values[`container_fs_inodes_total ${device}`], inodes);
  const unmeasured = valuesWith({ unified: v2 }, ["disk"]);
  assert.ok(!(`container_fs_usage_bytes ${device}` in unmeasured));
});

test("a kernel that counts little: what is not known is left out", () => {
  const values = valuesWith({ unified: {} }, [...podMetricGroups]);
  const rest = Object.keys(values).filter((name) => !/^container_(fs|spec|start)_/.test(name));
  assert.deepEqual(rest, []);
});

test("descriptors are those of the groups that are included, each once", () => {
  const names = (groups: readonly PodMetricGroup[]) => descriptorsOf(groups).map(({ name }) => name);
  assert.deepEqual(names([]), ["container_last_seen"]);
  assert.deepEqual(names(["oom"]), ["container_last_seen", "container_oom_events_total"]);
  const all = names(podMetricGroups);
  assert.equal(all.length, 56);
  assert.equal(new Set(all).size, 56);
});

test("the documentation names them all, each with its own labels", () => {
  const page = readFileSync(new URL("../../../docs/pod-metrics.md", import.meta.url), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("|"));
  for (const { name, labelKeys } of descriptorsOf(podMetricGroups)) {
    const row = rows.find((line) => line.includes(`\`${name}\``));
    const labels = row?.split("|")[3]?.match(/`\w+`(?=[:, ]|$)/g) ?? [];
    const own = labelKeys.slice(baseLabels.length).map((label) => `\`${label}\``);
    assert.ok(row, name);
    assert.deepEqual(labels.slice(0, own.length), own, name);
  }
});
