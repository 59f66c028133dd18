import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PodSandboxStats } from "../cri/messages.ts";
import { costsBetween } from "./costs.ts";

const value = (amount: number) => ({ value: amount });

/** Of a pod with one container, `seconds` after the first reading, when it has used `cpu` seconds. */
function reading(seconds: number, cpu: number): PodSandboxStats {
  const measured = {
    cpu: {
      timestamp: (1e9 + seconds) * 1e9,
      usageCoreNanoSeconds: value(cpu * 1e9),
      usageNanoCores: null,
      psi: null,
    },
    memory: { workingSetBytes: value(5000) },
  };
  const eth0 = { name: "eth0", rxBytes: value(10), txBytes: value(20) };
  const net1 = { name: "net1", rxBytes: value(1), txBytes: value(2) };
  return {
    attributes: { id: "pod" },
    linux: {
      ...measured,
      network: { timestamp: 0, defaultInterface: eth0, interfaces: [net1] },
      process: { timestamp: 0, processCount: value(3) },
      containers: [{ attributes: { id: "container" }, ...measured, writableLayer: { usedBytes: value(7) } }],
    },
  } as unknown as PodSandboxStats;
}

describe("costs between two readings", () => {
  it("the rate is of the time between them, the rest of the later one", () => {
    const { pods, containers } = costsBetween([reading(0, 1)], [reading(2, 2)]);
    const cpu = { usageCoreNanoSeconds: 2e9, usageNanoCores: 5e8 };
    assert.deepEqual(pods.get("pod"), {
      cpu,
      memory: { workingSetBytes: 5000 },
      network: { rxBytes: 11, txBytes: 22 },
      process: { processCount: 3 },
    });
    assert.deepEqual(containers.get("container"), {
      cpu,
      memory: { workingSetBytes: 5000 },
      writableLayer: { usedBytes: 7, inodesUsed: 0 },
    });
  });

  it("who was not there before has no rate, nor has one whose clock stood still", () => {
    for (const before of [[], [reading(2, 1)]]) {
      const { pods } = costsBetween(before, [reading(2, 2)]);
      assert.equal(pods.get("pod")?.cpu.usageNanoCores, null);
    }
  });
});
