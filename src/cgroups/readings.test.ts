import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { machine } from "./fixtures.test.ts";
import { detectCgroups } from "./hierarchy.ts";
import { PodCgroups } from "./pod-cgroup.ts";
import { moveProcess } from "./processes.ts";
import { noReading, readCgroup } from "./readings.ts";
import { sumOfReadings } from "./readings-sum.ts";

const unlimited = "9223372036854771712";
const statOfV1 = (limit: string, bothLimit: string) =>
  [
    "rss 1",
    "inactive_file 1",
    `hierarchical_memory_limit ${limit}`,
    `hierarchical_memsw_limit ${bothLimit}`,
    "total_rss 4096",
    "total_swap 500",
    "total_pgfault 70",
    "total_pgmajfault 7",
    "total_inactive_file 3000",
  ].join("\n");
const statOfV2 = "anon 4096\nfile 5000\ninactive_anon 9\ninactive_file 3000\npgfault 70\npgmajfault 7";

const figures = {
  usageBytes: 10_000,
  workingSetBytes: 7_000,
  rssBytes: 4096,
  pageFaults: 70,
  majorPageFaults: 7,
  limitBytes: undefined,
  swapBytes: 500,
  swapLimitBytes: undefined,
  pressure: undefined,
};

test("v1: cpuacct and memory, those of cgroups below included", () => {
  const cgroups = machine({
    "cpu,cpuacct": { "cpuacct.usage": "9007199254740993123" },
    memory: { "memory.usage_in_bytes": 10_000, "memory.stat": statOfV1(unlimited, unlimited) },
  });
  assert.deepEqual(readCgroup(cgroups, "/pod"), {
    cpu: { usageNanoseconds: "9007199254740993123", pressure: undefined },
    memory: figures,
    ioPressure: undefined,
  });
});

test("v1: the cgroup's own limits, of memory and of swap beyond it", () => {
  const memory = {
    "memory.usage_in_bytes": 10_000,
    "memory.stat": statOfV1("20000", "25000"),
    "memory.limit_in_bytes": 20_000,
    "memory.memsw.limit_in_bytes": 25_000,
  };
  const { limitBytes, swapLimitBytes } = readCgroup(machine({ memory }), "/pod").memory!;
  assert.deepEqual([limitBytes, swapLimitBytes], [20_000, 5_000]);
});

test("v1: a limit of the parent is not the cgroup's own", () => {
  const memory = {
    "memory.usage_in_bytes": 10_000,
    "memory.stat": statOfV1("20000", unlimited),
    "memory.limit_in_bytes": unlimited,
  };
  assert.deepEqual(readCgroup(machine({ memory }), "/pod").memory, figures);
});

const pressure =
  "some avg10=1.50 avg60=2.00 avg300=0.25 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0";
const parsedPressure = {
  Some: { Avg10: 1.5, Avg60: 2, Avg300: 0.25, Total: 12_000 },
  Full: { Avg10: 0, Avg60: 0, Avg300: 0, Total: 0 },
};

test("v2: all in one folder, times in nanoseconds", () => {
  const cgroups = machine({
    unified: {
      "cpu.stat": "usage_usec 9007199254740993\nuser_usec 1",
      "cpu.pressure": pressure,
      "memory.current": 10_000,
      "memory.stat": statOfV2,
      "memory.max": 20_000,
      "memory.swap.current": 500,
      "memory.swap.max": "max",
      "memory.pressure": pressure,
      "io.pressure": pressure,
    },
  });
  assert.deepEqual(readCgroup(cgroups, "/pod"), {
    cpu: { usageNanoseconds: "9007199254740993000", pressure: parsedPressure },
    memory: { ...figures, limitBytes: 20_000, pressure: parsedPressure },
    ioPressure: parsedPressure,
  });
});

test("v2: no limit, no swap accounting, no pressure, and less used than lies in the file cache", () => {
  const cgroups = machine({
    unified: {
      "memory.current": 2_000,
      "memory.stat": statOfV2,
      "memory.max": "max",
      "cpu.stat": "usage_usec 0",
    },
  });
  const { cpu, memory, ioPressure } = readCgroup(cgroups, "/pod");
  assert.deepEqual(cpu, { usageNanoseconds: "0", pressure: undefined });
  assert.deepEqual(memory, { ...figures, usageBytes: 2_000, workingSetBytes: 0, swapBytes: undefined });
  assert.equal(ioPressure, undefined);
});

test("hybrid: figures of v1, pressure of the cgroup2 beside it", () => {
  const cgroups = machine({ cpuacct: { "cpuacct.usage": 5 }, "": { "cpu.pressure": pressure } });
  assert.deepEqual(readCgroup(cgroups, "/pod"), {
    cpu: { usageNanoseconds: "5", pressure: parsedPressure },
    memory: undefined,
    ioPressure: undefined,
  });
});

test("a cgroup that is gone has no reading", () => {
  for (const cgroups of [machine({ "cpuacct,memory": {} }), machine({ unified: {} }), detectCgroups()]) {
    assert.deepEqual(readCgroup(cgroups, "/gone"), noReading);
  }
});

test("a sum has neither limits nor pressure, and of one it is that one", () => {
  const cgroups = machine({
    unified: {
      "cpu.stat": "usage_usec 9007199254740993",
      "cpu.pressure": pressure,
      "memory.current": 10_000,
      "memory.stat": statOfV2,
      "memory.max": 20_000,
    },
  });
  const one = readCgroup(cgroups, "/pod");
  assert.deepEqual(sumOfReadings([one]), one);
  assert.deepEqual(sumOfReadings([one, noReading, one]), {
    cpu: { usageNanoseconds: "18014398509481986000", pressure: undefined },
    memory: {
      ...figures,
      usageBytes: 20_000,
      workingSetBytes: 14_000,
      rssBytes: 8192,
      pageFaults: 140,
      majorPageFaults: 14,
      swapBytes: undefined,
    },
    ioPressure: undefined,
  });
  assert.deepEqual(sumOfReadings([]), noReading);
});

test("this machine's kernel counts what a process uses", async () => {
  const cgroups = detectCgroups();
  const path = `/critter-readings-${process.pid}`;
  const pods = new PodCgroups(cgroups);
  const own = pods.create({ manager: "cgroupfs", name: path, path, isDefault: false });
  // Keeps what it reads: 30 MB.
  const child = spawn("tail", ["-c", "30000000"], { stdio: ["pipe", "ignore", "inherit"] });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  try {
    await moveProcess(cgroups, path, child.pid!);
    await new Promise((resolve) => child.stdin.write(Buffer.alloc(30_000_000), resolve));
    let memory = readCgroup(cgroups, path).memory;
    for (let i = 0; i < 100 && (memory?.rssBytes ?? 0) < 25_000_000; i++) {
      await sleep(20);
      memory = readCgroup(cgroups, path).memory;
    }
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    const anonymous = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    assert.ok(Math.abs(memory!.rssBytes - anonymous) < 2_000_000, `${memory!.rssBytes} of ${anonymous}`);
    assert.ok(memory!.workingSetBytes >= memory!.rssBytes);
    assert.ok(memory!.usageBytes >= memory!.workingSetBytes);
    assert.ok(memory!.pageFaults > 0);
    assert.ok(BigInt(readCgroup(cgroups, path).cpu!.usageNanoseconds) > 1_000_000n);
  } finally {
    child.kill("SIGKILL");
    await gone;
    await pods.remove(own);
  }
});
