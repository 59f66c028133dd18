import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { LinuxContainerResources } from "../../cri/messages.ts";
import type { Init } from "../../cri/proto.ts";
import { hostWith, resources } from "./fixtures.test.ts";
import { ociResources } from "./resources.ts";

const v2 = hostWith("v2");
const of = (fields: Init<LinuxContainerResources>, host = v2) => ociResources(resources(fields), host);

test("what is not asked for is left out", () => {
  assert.deepEqual(ociResources(null, v2), {});
  assert.deepEqual(of({}), {});
});

test("every field has its place", () => {
  assert.deepEqual(
    of({
      cpuShares: 512,
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      cpusetCpus: "0-1,3",
      cpusetMems: "0",
      memoryLimitInBytes: 64 * 2 ** 20,
      memorySwapLimitInBytes: 128 * 2 ** 20,
      hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
      unified: { "memory.high": "1000000" },
    }),
    {
      cpu: { shares: 512, period: 100_000, quota: 50_000, cpus: "0-1,3", mems: "0" },
      memory: { limit: 64 * 2 ** 20, swap: 128 * 2 ** 20 },
      hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
      unified: { "memory.high": "1000000" },
    },
  );
});

test("a memory limit is one of swap too, unless asked otherwise or not to be had", () => {
  assert.deepEqual(of({ memoryLimitInBytes: 1000 }).memory, { limit: 1000, swap: 1000 });
  assert.deepEqual(of({ memoryLimitInBytes: 1000, memorySwapLimitInBytes: -1 }).memory, {
    limit: 1000,
    swap: -1,
  });
  assert.deepEqual(of({ memoryLimitInBytes: -1 }).memory, { limit: -1, swap: -1 });
  assert.deepEqual(of({ memoryLimitInBytes: 1000 }, hostWith("v1", {}, false)).memory, { limit: 1000 });
});

test("unlimited quota is passed on, the least of shares is the kernel's", () => {
  assert.deepEqual(of({ cpuQuota: -1, cpuShares: 1 }).cpu, { quota: -1, shares: 2 });
});

test("a huge number stays an integer that the runtime can read", () => {
  const text = JSON.stringify(of({ memoryLimitInBytes: "9223372036854771712" }));
  assert.ok(BigInt(/"limit":(\d+)/.exec(text)?.[1] ?? "0") < 2n ** 63n);
});

test("what this machine cannot do is refused; the kubelet's zeros for huge pages are no request", () => {
  const v1 = hostWith("v1", { hugepageSizes: new Set() }, false);
  assert.deepEqual(of({ hugepageLimits: [{ pageSize: "2MB", limit: 0 }] }, v1), {});
  const refuse = (fields: Init<LinuxContainerResources>, message: RegExp, host = v2) =>
    assert.throws(() => of(fields, host), { code: status.INVALID_ARGUMENT, message });
  refuse(
    { hugepageLimits: [{ pageSize: "2MB", limit: 4096 }] },
    /hugepage_limits\[0\]\.page_size is "2MB"/,
    v1,
  );
  refuse(
    { unified: { "memory.high": "1" } },
    /^config\.linux\.resources\.unified is .*needs cgroup v2/,
    hostWith("hybrid"),
  );
  refuse({ memoryLimitInBytes: 1000, memorySwapLimitInBytes: 2000 }, /does not limit swap/, v1);
});

test("a limit that leaves the runtime itself no room is refused", () => {
  const limited = (memoryLimitInBytes: number) =>
    ociResources(resources({ memoryLimitInBytes }), v2, { field: "linux", minimumMemory: 4096 });
  assert.equal(limited(4096).memory?.limit, 4096);
  assert.equal(limited(-1).memory?.limit, -1);
  assert.throws(() => limited(4095), {
    code: status.INVALID_ARGUMENT,
    message: /^linux\.memory_limit_in_bytes is 4095: .*4096 \(container_min_memory\)/,
  });
});

test("wrong values name field and value", () => {
  const refuse = (fields: Init<LinuxContainerResources>, message: RegExp) =>
    assert.throws(() => of(fields), { code: status.INVALID_ARGUMENT, message });
  refuse({ cpuPeriod: 999 }, /cpu_period is 999: less than 1000/);
  refuse({ cpuPeriod: 1_000_001 }, /cpu_period is 1000001/);
  refuse({ cpuQuota: -2 }, /cpu_quota is -2/);
  refuse({ cpuQuota: 10 }, /cpu_quota is 10/);
  refuse({ cpuShares: -1 }, /cpu_shares is -1/);
  refuse({ cpusetCpus: "0-" }, /cpuset_cpus is "0-"/);
  refuse({ cpusetMems: "all" }, /cpuset_mems is "all"/);
  refuse({ cpusetCpus: "1-3,6-8" }, /cpuset_cpus is "1-3,6-8": online are 0-1,2-7, not 8/);
  refuse({ cpusetCpus: "3-1" }, /cpuset_cpus is "3-1"/);
  refuse({ memoryLimitInBytes: -2 }, /memory_limit_in_bytes is -2/);
  refuse({ memoryLimitInBytes: 2000, memorySwapLimitInBytes: 1000 }, /memory_swap_limit_in_bytes is 1000/);
  refuse({ unified: { "../memory.high": "1" } }, /unified is "\.\.\/memory\.high"/);
  refuse(
    { unified: { "io.weight": "1" } },
    /unified is "io\.weight": the controllers of this machine are cpu, memory/,
  );
  refuse({ unified: { "memory.high": "1\n2" } }, /unified\["memory\.high"\] is "1\\n2"/);
});
