import assert from "node:assert/strict";
import { test } from "node:test";
import { sliceProperties } from "./slice-limits.ts";

const values = (...of: Parameters<typeof sliceProperties>) =>
  Object.fromEntries(sliceProperties(...of).map(([name, { value }]) => [name, value]));

const limits = {
  cpu: { shares: 1024, quota: 25_000, period: 50_000, cpus: "0-2,9", mems: "0" },
  memory: { limit: 64, swap: 96 },
};

test("on v2 by weight, share of a second, swap for itself and bitmaps of processors", () => {
  assert.deepEqual(values("v2", limits), {
    CPUWeight: 39n,
    CPUQuotaPeriodUSec: 50_000n,
    CPUQuotaPerSecUSec: 500_000n,
    MemoryMax: 64n,
    MemorySwapMax: 32n,
    AllowedCPUs: [0b111, 0b10],
    AllowedMemoryNodes: [1],
  });
});

test("on v1 by the names of v1", () => {
  assert.deepEqual(values("v1", limits), {
    CPUShares: 1024n,
    CPUQuotaPeriodUSec: 50_000n,
    CPUQuotaPerSecUSec: 500_000n,
    MemoryLimit: 64n,
  });
});

test("no limit is systemd's infinity, what is not asked for is left out", () => {
  const infinity = 2n ** 64n - 1n;
  assert.deepEqual(values("v2", { cpu: { quota: -1 }, memory: { limit: -1, swap: -1 } }), {
    CPUQuotaPerSecUSec: infinity,
    MemoryMax: infinity,
    MemorySwapMax: infinity,
  });
  assert.deepEqual(values("v2", {}), {});
});
