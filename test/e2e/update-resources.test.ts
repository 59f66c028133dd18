import assert from "node:assert/strict";
import { test } from "node:test";
import { detectCgroups } from "../../src/cgroups/hierarchy.ts";
import type { LinuxContainerResources } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { readHost } from "../../src/oci/spec/host.ts";
import { controlFile, cpuLimit, cpuShares, memoryLimit, swapLimit } from "../support/control-file.ts";
import { outcome, refusal } from "../support/cri.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const parts = suite();
const { cgroups, hugepageSizes } = readHost(detectCgroups());
const { version, limitsSwap } = cgroups;

/** Not the pod's: there the first process is the pause container's. */
const ownPids = { namespaceOptions: { pid: "CONTAINER" } } as const;

const cgroupOf = (containerId: string) => parts.daemon.containerCgroup(containerId);

async function update(containerId: string, linux: Init<LinuxContainerResources>): Promise<void> {
  await parts.daemon.client.runtime.UpdateContainerResources({ containerId, linux });
}

async function recorded(containerId: string): Promise<LinuxContainerResources> {
  const { resources } = await containerStatus(parts.daemon, containerId);
  return { ...resources!.linux! };
}

test("every field takes effect, in a container that runs and in one that waits, and is on record", async () => {
  await using pod = await livePod(parts.daemon);
  const before = { memoryLimitInBytes: 64 << 20, cpuShares: 512, oomScoreAdj: 500 };
  const linux = { resources: before, securityContext: ownPids };
  const given = {
    cpuShares: 256,
    cpuPeriod: 50_000,
    cpuQuota: 20_000,
    cpusetCpus: "0",
    cpusetMems: "0",
    memoryLimitInBytes: 128 << 20,
    oomScoreAdj: 600,
  };
  for (const id of [await pod.run({ linux }), await pod.create({ linux })]) {
    const shares = cpuShares(cgroupOf(id));
    await update(id, given);
    assert.equal(memoryLimit(cgroupOf(id)), String(128 << 20));
    assert.equal(cpuLimit(cgroupOf(id)), "20000 50000");
    assert.notEqual(cpuShares(cgroupOf(id)), shares);
    assert.equal(controlFile(cgroupOf(id), "cpuset.cpus", "cpuset.cpus"), "0");
    assert.partialDeepStrictEqual(await recorded(id), given);
    if ((await containerStatus(parts.daemon, id)).state === "CONTAINER_CREATED") {
      await parts.daemon.client.runtime.StartContainer({ containerId: id });
    }
    assert.equal(await pod.sh(id, "cat /proc/1/oom_score_adj"), "600");
  }
});

test("huge pages and the unified map, where the machine has them", async () => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run();
  if (hugepageSizes.has("2MB")) {
    const hugepageLimits = [{ pageSize: "2MB", limit: 4 << 20 }];
    await update(id, { hugepageLimits });
    assert.equal(controlFile(cgroupOf(id), "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max"), String(4 << 20));
    assert.deepEqual(
      (await recorded(id)).hugepageLimits.map((limit) => ({ ...limit })),
      hugepageLimits,
    );
  }
  if (version !== "v2") return;
  await update(id, { unified: { "memory.high": String(64 << 20) } });
  assert.equal(controlFile(cgroupOf(id), "-", "memory.high"), String(64 << 20));
});

test("what is not given stays, and all of it is known after a restart", async () => {
  await using pod = await livePod(parts.daemon);
  const before = { memoryLimitInBytes: 64 << 20, cpuPeriod: 100_000, cpuQuota: 50_000, cpuShares: 512 };
  const id = await pod.run({ linux: { resources: before } });
  const shares = cpuShares(cgroupOf(id));
  await update(id, { memoryLimitInBytes: 96 << 20 });
  const after = { ...before, memoryLimitInBytes: 96 << 20 };
  assert.equal(memoryLimit(cgroupOf(id)), String(96 << 20));
  assert.equal(cpuLimit(cgroupOf(id)), "50000 100000");
  assert.equal(cpuShares(cgroupOf(id)), shares);
  assert.partialDeepStrictEqual(await recorded(id), after);
  await parts.daemon.stop();
  await parts.daemon.start();
  assert.partialDeepStrictEqual(await recorded(id), after);
  await update(id, { cpuQuota: -1 });
  assert.match(cpuLimit(cgroupOf(id)), /^(-1|max) 100000$/);
});

test("memory can be lowered, and swap stays as it was", { skip: !limitsSwap }, async () => {
  await using pod = await livePod(parts.daemon);
  const limits = { memoryLimitInBytes: 64 << 20, memorySwapLimitInBytes: 128 << 20 };
  const id = await pod.run({ linux: { resources: limits } });
  await update(id, { memoryLimitInBytes: 32 << 20 });
  assert.equal(memoryLimit(cgroupOf(id)), String(32 << 20));
  assert.equal(swapLimit(cgroupOf(id)), String((version === "v2" ? 96 : 128) << 20));
  // Both together are less than what memory alone should have.
  await assert.rejects(
    update(id, { memoryLimitInBytes: 256 << 20 }),
    /linux\.memory_swap_limit_in_bytes is 134217728/,
  );
  await update(id, { memoryLimitInBytes: 256 << 20, memorySwapLimitInBytes: 256 << 20 });
  assert.equal(memoryLimit(cgroupOf(id)), String(256 << 20));
});

test("what the kernel refuses is FAILED_PRECONDITION with field and value, and changes nothing", {
  skip: version === "v2",
}, async () => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run({
    command: ["sh", "-c", "dd if=/dev/zero of=/dev/shm/full bs=1M count=40; exec top"],
    linux: { resources: { memoryLimitInBytes: 64 << 20 } },
  });
  await pod.sh(id, 'until [ "$(wc -c < /dev/shm/full)" = 41943040 ]; do sleep 0.1; done');
  const low = update(id, { memoryLimitInBytes: 16 << 20 });
  await assert.rejects(
    low,
    refusal("FAILED_PRECONDITION", /^linux\.memory_limit_in_bytes 16777216 cannot be put into effect/),
  );
  assert.equal(memoryLimit(cgroupOf(id)), String(64 << 20));
  assert.partialDeepStrictEqual(await recorded(id), { memoryLimitInBytes: 64 << 20 });
});

test("an update of a container that has ended, of none, or of nothing is refused", async () => {
  const { runtime } = parts.daemon.client;
  await using pod = await livePod(parts.daemon);
  const { id: containerId } = await pod.finish({ command: ["true"] });
  const linux = { memoryLimitInBytes: 64 << 20 };
  assert.equal(await outcome(update(containerId, linux)), "FAILED_PRECONDITION");
  assert.equal(await outcome(runtime.UpdateContainerResources({ containerId })), "INVALID_ARGUMENT");
  assert.equal(await outcome(update("f".repeat(64), linux)), "NOT_FOUND");
});
