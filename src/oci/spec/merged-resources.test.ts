import assert from "node:assert/strict";
import { test } from "node:test";
import { resources } from "./fixtures.test.ts";
import { isGiven, mergedResources } from "./merged-resources.ts";

test("what an update leaves out stays; limits of huge pages and unified keys each for itself", () => {
  const before = resources({
    cpuShares: 512,
    cpusetCpus: "0",
    memoryLimitInBytes: 1000,
    oomScoreAdj: -5,
    hugepageLimits: [
      { pageSize: "2MB", limit: 4 },
      { pageSize: "1GB", limit: 8 },
    ],
    unified: { "memory.high": "1", "memory.low": "2" },
  });
  const update = resources({
    cpuQuota: -1,
    memoryLimitInBytes: 2000,
    hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
    unified: { "memory.high": "3" },
  });
  const merged = mergedResources(before, update);
  assert.deepEqual(
    { ...merged, hugepageLimits: [], unified: {} },
    {
      ...before,
      cpuQuota: update.cpuQuota,
      memoryLimitInBytes: update.memoryLimitInBytes,
      hugepageLimits: [],
      unified: {},
    },
  );
  assert.deepEqual({ ...merged.unified }, { "memory.high": "3", "memory.low": "2" });
  assert.deepEqual(
    merged.hugepageLimits.map(({ pageSize, limit }) => [pageSize, Number(limit)]),
    [
      ["1GB", 8],
      ["2MB", 0],
    ],
  );
  assert.equal(mergedResources(null, update), update);
});

test("0, empty and absent are not given", () => {
  for (const value of [0, "", {}, []]) assert.equal(isGiven(value), false);
  for (const value of [-1, "0", { a: "" }, [1]]) assert.equal(isGiven(value), true);
});
