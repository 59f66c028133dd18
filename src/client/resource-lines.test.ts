import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LinuxContainerResources } from "../cri/messages.ts";
import { resourceLines } from "./resource-lines.ts";

const none: LinuxContainerResources = {
  cpuPeriod: 0,
  cpuQuota: 0,
  cpuShares: 0,
  memoryLimitInBytes: 0,
  oomScoreAdj: 0,
  cpusetCpus: "",
  cpusetMems: "",
  hugepageLimits: [],
  unified: {},
  memorySwapLimitInBytes: 0,
};

describe("limits in words", () => {
  it("none", () => {
    assert.deepEqual(resourceLines(null), []);
    assert.deepEqual(resourceLines({ ...none, cpuQuota: -1, cpuPeriod: 100_000 }), []);
  });

  it("all", () => {
    const resources = {
      ...none,
      cpuQuota: 150_000,
      cpuPeriod: 100_000,
      cpuShares: 512,
      cpusetCpus: "0-1",
      cpusetMems: "0",
      memoryLimitInBytes: 100e6,
      memorySwapLimitInBytes: 150e6,
      hugepageLimits: [
        { pageSize: "2MB", limit: 4e6 },
        { pageSize: "1GB", limit: 0 },
      ],
      oomScoreAdj: -998,
      unified: { "memory.high": "90000000" },
    };
    assert.deepEqual(resourceLines(resources), [
      "cpu: at most 1.5 of a processor, 512 shares, on 0-1",
      "memory: at most 100 MB, 50.0 MB of swap, on nodes 0",
      "huge pages of 2MB: at most 4.0 MB",
      "oom_score_adj: -998",
      "memory.high: 90000000",
    ]);
  });

  it("a limit of swap that is memory's own leaves none", () => {
    const resources = { ...none, memoryLimitInBytes: 100e6, memorySwapLimitInBytes: 100e6 };
    assert.deepEqual(resourceLines(resources), ["memory: at most 100 MB"]);
  });
});
