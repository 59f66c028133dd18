import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { readCpuDetails, readCpuThrottling } from "./cpu-details.ts";
import { readDeviceIo } from "./device-io.ts";
import { machine } from "./fixtures.test.ts";
import { detectCgroups } from "./hierarchy.ts";
import { readHugePages } from "./huge-pages.ts";
import { readMemoryDetails } from "./memory-details.ts";
import { PodCgroups } from "./pod-cgroup.ts";
import { readTaskCounts } from "./task-counts.ts";

test("v1: processor time by kind, and what a quota did", () => {
  const cgroups = machine({
    cpuacct: { "cpuacct.stat": "user 123\nsystem 45" },
    cpu: { "cpu.stat": "nr_periods 10\nnr_throttled 3\nthrottled_time 4000000" },
  });
  assert.deepEqual(readCpuDetails(cgroups, "/pod"), {
    userNanoseconds: 1_230_000_000,
    systemNanoseconds: 450_000_000,
  });
  assert.deepEqual(readCpuThrottling(cgroups, "/pod"), {
    periods: 10,
    throttledPeriods: 3,
    throttledNanoseconds: 4_000_000,
  });
});

test("v2: processor time by kind, and what a quota did", () => {
  const stat = "usage_usec 9\nuser_usec 5\nsystem_usec 4\nnr_periods 10\nnr_throttled 3\nthrottled_usec 4000";
  const cgroups = machine({ unified: { "cpu.stat": stat } });
  assert.deepEqual(readCpuDetails(cgroups, "/pod"), { userNanoseconds: 5_000, systemNanoseconds: 4_000 });
  assert.deepEqual(readCpuThrottling(cgroups, "/pod"), {
    periods: 10,
    throttledPeriods: 3,
    throttledNanoseconds: 4_000_000,
  });
  const unlimited = machine({ unified: { "cpu.stat": "usage_usec 9\nuser_usec 5\nsystem_usec 4" } });
  assert.equal(readCpuThrottling(unlimited, "/pod"), undefined);
});

const details = {
  cacheBytes: 4096,
  mappedFileBytes: 512,
  kernelBytes: 300,
  maxUsageBytes: 9000,
  failures: 2,
  oomKills: 1,
  ownPageFaults: 7,
  ownMajorPageFaults: 3,
};

test("v1: what memory is made of", () => {
  const memory = {
    "memory.stat": "cache 1\npgfault 7\npgmajfault 3\ntotal_cache 4096\ntotal_mapped_file 512",
    "memory.kmem.usage_in_bytes": 300,
    "memory.max_usage_in_bytes": 9000,
    "memory.failcnt": 2,
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1",
  };
  assert.deepEqual(readMemoryDetails(machine({ memory }), "/pod"), details);
});

test("v2: what memory is made of, and what an old kernel does not tell", () => {
  const stat = "file 4096\nkernel 300\nfile_mapped 512\npgfault 7\npgmajfault 3";
  const events = "low 0\nhigh 0\nmax 2\noom 1\noom_kill 1";
  const files = { "memory.stat": stat, "memory.peak": 9000, "memory.events": events };
  assert.deepEqual(readMemoryDetails(machine({ unified: files }), "/pod"), details);
  const old = readMemoryDetails(machine({ unified: { "memory.stat": "file 1" } }), "/pod");
  assert.deepEqual(
    [old?.kernelBytes, old?.maxUsageBytes, old?.failures, old?.oomKills],
    [undefined, undefined, undefined, undefined],
  );
});

const io = {
  major: 254,
  minor: 16,
  readBytes: 100,
  writtenBytes: 200,
  discardedBytes: 0,
  reads: 1,
  writes: 2,
  discards: 0,
};

test("v1: input and output of each device", () => {
  const blkio = {
    "blkio.throttle.io_service_bytes_recursive":
      "254:16 Read 100\n254:16 Write 200\n254:16 Sync 300\n254:16 Async 0\n254:16 Discard 0\n254:16 Total 300\nTotal 300",
    "blkio.throttle.io_serviced_recursive": "254:16 Read 1\n254:16 Write 2\n254:16 Total 3\nTotal 3",
  };
  assert.deepEqual(readDeviceIo(machine({ blkio }), "/pod"), [io]);
});

test("v2: input and output of each device that was used", () => {
  const stat = "7:0 \n254:16 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n";
  assert.deepEqual(readDeviceIo(machine({ unified: { "io.stat": stat } }), "/pod"), [io]);
  assert.deepEqual(readDeviceIo(machine({ unified: { "io.stat": "" } }), "/pod"), []);
});

test("threads, and how many there may be", () => {
  for (const name of ["pids", "unified"]) {
    const limited = machine({ [name]: { "pids.current": 5, "pids.max": 10 } });
    assert.deepEqual(readTaskCounts(limited, "/pod"), { threads: 5, threadsMax: 10 });
    const unlimited = machine({ [name]: { "pids.current": 5, "pids.max": "max" } });
    assert.deepEqual(readTaskCounts(unlimited, "/pod"), { threads: 5, threadsMax: undefined });
  }
});

test("huge pages of each size", { skip: !existsSync("/sys/kernel/mm/hugepages/hugepages-2048kB") }, () => {
  const v1 = machine({ hugetlb: { "hugetlb.2MB.usage_in_bytes": 4, "hugetlb.2MB.max_usage_in_bytes": 8 } });
  assert.deepEqual(readHugePages(v1, "/pod"), [{ pageSize: "2MB", usageBytes: 4, maxUsageBytes: 8 }]);
  const v2 = machine({ unified: { "hugetlb.2MB.current": 4 } });
  assert.deepEqual(readHugePages(v2, "/pod"), [{ pageSize: "2MB", usageBytes: 4, maxUsageBytes: undefined }]);
});

test("a cgroup that is gone has none of them, nor has a kernel without the controllers", () => {
  for (const cgroups of [machine({ "": {} }), machine({ unified: {} }), detectCgroups()]) {
    const path = "/gone";
    assert.equal(readCpuDetails(cgroups, path), undefined);
    assert.equal(readCpuThrottling(cgroups, path), undefined);
    assert.equal(readMemoryDetails(cgroups, path), undefined);
    assert.equal(readDeviceIo(cgroups, path), undefined);
    assert.equal(readTaskCounts(cgroups, path), undefined);
    assert.deepEqual(readHugePages(cgroups, path), []);
  }
});

test("this machine's kernel tells of a new cgroup that nothing has happened in it", async () => {
  const cgroups = detectCgroups();
  const path = `/critter-details-${process.pid}`;
  const pods = new PodCgroups(cgroups);
  const own = pods.create({ manager: "cgroupfs", name: path, path, isDefault: false });
  try {
    assert.deepEqual(readCpuDetails(cgroups, path), { userNanoseconds: 0, systemNanoseconds: 0 });
    assert.equal(readCpuThrottling(cgroups, path)?.throttledPeriods ?? 0, 0);
    const memory = readMemoryDetails(cgroups, path);
    assert.deepEqual([memory?.cacheBytes, memory?.failures, memory?.oomKills], [0, 0, 0]);
    assert.deepEqual(readDeviceIo(cgroups, path), []);
    assert.equal(readTaskCounts(cgroups, path)?.threads, 0);
  } finally {
    await pods.remove(own);
  }
});
