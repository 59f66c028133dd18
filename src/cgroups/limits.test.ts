import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Cgroups, detectCgroups } from "./hierarchy.ts";
import { cpuWeight, writeLimits } from "./limits.ts";
import { cgroupFolder, podCgroup } from "./paths.ts";
import { PodCgroups } from "./pod-cgroup.ts";

const mebibyte = 2 ** 20;

test("in this machine's cgroups limits can be set, raised and lowered, swap with memory", {
  skip: !v1(),
}, async () => {
  const cgroups = detectCgroups();
  const pods = new PodCgroups(cgroups);
  const pod = podCgroup("cgroupfs", `/critter-limittest-${process.pid}`);
  const own = pods.create(pod);
  try {
    const read = (controller: string, file: string) =>
      readFileSync(join(cgroupFolder(cgroups, controller, pod.path)!, file), "utf8").trim();
    const memory = () => [
      read("memory", "memory.limit_in_bytes"),
      read("memory", "memory.memsw.limit_in_bytes"),
    ];
    for (const [limit, swap] of [
      [64, 128],
      [256, 256],
      [32, 32],
    ] as const) {
      writeLimits(cgroups, pod.path, { memory: { limit: limit * mebibyte, swap: swap * mebibyte } });
      assert.deepEqual(
        memory(),
        [limit, swap].map((size) => String(size * mebibyte)),
      );
    }
    writeLimits(cgroups, pod.path, { memory: { limit: -1, swap: -1 } });
    assert.ok(memory().every((bytes) => Number(bytes) > 2 ** 60));
    writeLimits(cgroups, pod.path, {
      cpu: { shares: 512, period: 50_000, quota: 25_000, cpus: "0", mems: "0" },
    });
    const cpu = ["cpu.shares", "cpu.cfs_period_us", "cpu.cfs_quota_us"].map((file) => read("cpu", file));
    assert.deepEqual([...cpu, read("cpuset", "cpuset.cpus")], ["512", "50000", "25000", "0"]);
  } finally {
    await pods.remove(own);
  }
});

function v1(): boolean {
  const { version, limitsSwap } = detectCgroups();
  return version !== "v2" && limitsSwap;
}

test("on v2 they are converted: weight, cpu.max, swap without memory, max for none", () => {
  const mount = mkdtempSync(join(tmpdir(), "critter-v2-"));
  const v2: Cgroups = {
    version: "v2",
    limitsSwap: true,
    hierarchies: [{ mount, controllers: ["cpu", "memory"], unified: true, own: "/" }],
  };
  const folder = join(mount, "pod");
  const files = () =>
    Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, "memory.swap.max"), "max");
    writeLimits(v2, "/pod", {
      cpu: { shares: 1024, quota: 25_000, period: 50_000, cpus: "0-1" },
      memory: { limit: 64, swap: 96 },
      hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
      unified: { "memory.high": "60" },
    });
    assert.deepEqual(files(), {
      "cpu.max": "25000 50000",
      "cpu.weight": "39",
      "cpuset.cpus": "0-1",
      "hugetlb.2MB.max": "0",
      "memory.high": "60",
      "memory.max": "64",
      "memory.swap.max": "32",
    });
    writeLimits(v2, "/pod", { cpu: { quota: -1 }, memory: { limit: 64, swap: -1 } });
    assert.partialDeepStrictEqual(files(), { "cpu.max": "max 100000", "memory.swap.max": "max" });
  } finally {
    rmSync(mount, { recursive: true });
  }
});

test("the weight spans the whole of its range", () => {
  assert.deepEqual([0, 2, 1024, 262_144, 1_000_000].map(cpuWeight), [1, 1, 39, 10_000, 10_000]);
});
