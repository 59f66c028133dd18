import assert from "node:assert/strict";
import { test } from "node:test";
import { detectCgroups } from "../../src/cgroups/hierarchy.ts";
import { readHost } from "../../src/oci/spec/host.ts";
import { controlFile, cpuLimit, cpuShares, memoryLimit, swapLimit } from "../support/control-file.ts";
import { refusal } from "../support/cri.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const parts = suite();
const host = readHost(detectCgroups());
const { version, limitsSwap } = host.cgroups;

/** Not the pod's: there the first process is the pause container's. */
const ownPids = { namespaceOptions: { pid: "CONTAINER" } } as const;

const cgroupOf = (containerId: string) => parts.daemon.containerCgroup(containerId);

test("cpu shares, quota and period are in the container's cgroup and in its status", async () => {
  await using pod = await livePod(parts.daemon);
  const given = { cpuShares: 512, cpuPeriod: 50_000, cpuQuota: 25_000 };
  const id = await pod.run({ linux: { resources: given } });
  assert.equal(cpuLimit(cgroupOf(id)), "25000 50000");
  const shares = cpuShares(cgroupOf(id));
  // The weights that runtimes make of 512 shares: the older formula, and that of 2025.
  assert.ok((version === "v2" ? ["20", "59"] : ["512"]).includes(shares), shares);
  const { resources } = await containerStatus(parts.daemon, id);
  assert.partialDeepStrictEqual({ ...resources?.linux }, given);
  const unlimited = await pod.create({ linux: { resources: { cpuQuota: -1 } } });
  assert.match(cpuLimit(cgroupOf(unlimited)), /^(-1|max) /);
});

test("memory limit and swap: the limit counts for both unless more swap is asked for", async () => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run({ linux: { resources: { memoryLimitInBytes: 64 << 20 } } });
  assert.equal(memoryLimit(cgroupOf(id)), String(64 << 20));
  if (!limitsSwap) return;
  assert.equal(swapLimit(cgroupOf(id)), version === "v2" ? "0" : String(64 << 20));
  const swapping = await pod.create({
    linux: { resources: { memoryLimitInBytes: 64 << 20, memorySwapLimitInBytes: 96 << 20 } },
  });
  assert.equal(swapLimit(cgroupOf(swapping)), String((version === "v2" ? 32 : 96) << 20));
});

test("a cpuset holds the container's processes", async () => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run({ linux: { resources: { cpusetCpus: "0", cpusetMems: "0" } } });
  assert.equal(controlFile(cgroupOf(id), "cpuset.cpus", "cpuset.cpus"), "0");
  assert.equal(controlFile(cgroupOf(id), "cpuset.mems", "cpuset.mems"), "0");
  const status = await pod.sh(id, "cat /proc/self/status");
  assert.match(status, /^Cpus_allowed_list:\t0$/m);
  assert.match(status, /^Mems_allowed_list:\t0$/m);
});

test("oom_score_adj is the process's, and no less than the daemon may give", async () => {
  await using pod = await livePod(parts.daemon);
  const score = async (oomScoreAdj: number) =>
    pod.sh(
      await pod.run({ linux: { resources: { oomScoreAdj }, securityContext: ownPids } }),
      "cat /proc/1/oom_score_adj",
    );
  assert.equal(await score(500), "500");
  assert.equal(await score(-997), String(Math.max(-997, host.minimumOomScoreAdj)));
});

test("limits of huge pages: those of the node, with 0, are what the kubelet sends always", async () => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run({ linux: { resources: { hugepageLimits: [{ pageSize: "2MB", limit: 0 }] } } });
  if (!host.hugepageSizes.has("2MB")) return;
  assert.equal(controlFile(cgroupOf(id), "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max"), "0");
});

test("the unified map is for cgroup v2, where it is in force", async () => {
  await using pod = await livePod(parts.daemon);
  const linux = { resources: { unified: { "memory.high": String(64 << 20), "pids.max": "77" } } };
  if (version === "v2") {
    const id = await pod.run({ linux });
    assert.equal(controlFile(cgroupOf(id), "-", "memory.high"), String(64 << 20));
    assert.equal(controlFile(cgroupOf(id), "-", "pids.max"), "77");
  } else {
    await assert.rejects(
      pod.create({ linux }),
      refusal("INVALID_ARGUMENT", /^config\.linux\.resources\.unified is .*cgroup v2/),
    );
  }
});

const wrong = {
  cpu_shares: { cpuShares: -1 },
  cpu_quota: { cpuQuota: 500 },
  cpu_period: { cpuPeriod: 2_000_000 },
  cpuset_cpus: { cpusetCpus: "no list" },
  cpuset_mems: { cpusetMems: "999" },
  memory_limit_in_bytes: { memoryLimitInBytes: 4096 },
  memory_swap_limit_in_bytes: { memoryLimitInBytes: 64 << 20, memorySwapLimitInBytes: 32 << 20 },
  oom_score_adj: { oomScoreAdj: 1001 },
  "hugepage_limits\\[0\\].page_size": { hugepageLimits: [{ pageSize: "3MB", limit: 1 }] },
  unified: { unified: { "../memory.max": "1" } },
};

test("a wrong value of each field is INVALID_ARGUMENT and names it, in CreateContainer and in an update", async () => {
  await using pod = await livePod(parts.daemon);
  const containerId = await pod.create();
  for (const [name, resources] of Object.entries(wrong)) {
    const message = (message: string) => refusal("INVALID_ARGUMENT", new RegExp(`^${message}\\.${name} is `));
    await assert.rejects(pod.create({ linux: { resources } }), message("config\\.linux\\.resources"), name);
    const update = parts.daemon.client.runtime.UpdateContainerResources({ containerId, linux: resources });
    await assert.rejects(update, message("linux"), name);
  }
});
