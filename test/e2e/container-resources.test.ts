import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cgroupFolders } from "../support/cgroups.ts";
import { outcome } from "../support/cri.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const parts = suite();

/** The first line of a control file of the container, under the name that the machine's version of cgroups has. */
function limit(containerId: string, v1: string, v2: string): string {
  for (const folder of cgroupFolders(`${parts.daemon.cgroupParent}/${containerId}`)) {
    for (const name of [v1, v2]) {
      try {
        return readFileSync(join(folder, name), "utf8").trim();
      } catch {
        // The file is another controller's or version's.
      }
    }
  }
  throw new Error(`no cgroup of ${containerId} has ${v1} or ${v2}`);
}

const memory = (id: string) => limit(id, "memory.limit_in_bytes", "memory.max");

test("limits of CreateContainer and UpdateContainerResources are in the cgroup's files and in the status", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  await using pod = await livePod(daemon);
  const given = { memoryLimitInBytes: 64 << 20, cpuPeriod: 100_000, cpuQuota: 50_000, cpuShares: 512 };
  const linux = { resources: { ...given, oomScoreAdj: 500 } };
  const [running, created] = [await pod.run({ linux }), await pod.create({ linux })];
  for (const id of [running, created]) assert.equal(memory(id), String(64 << 20));
  assert.equal(await pod.sh(running, "cat /proc/self/oom_score_adj"), "500");
  const quota = (id: string) => limit(id, "cpu.cfs_quota_us", "cpu.max");
  assert.match(quota(running), /^50000\b/);

  for (const containerId of [running, created]) {
    const update = { memoryLimitInBytes: 128 << 20, cpuQuota: 25_000, cpuPeriod: 100_000 };
    await runtime.UpdateContainerResources({ containerId, linux: update });
    assert.equal(memory(containerId), String(128 << 20));
    assert.match(quota(containerId), /^25000\b/);
    const { resources } = await containerStatus(daemon, containerId);
    assert.partialDeepStrictEqual({ ...resources?.linux }, { ...given, ...update });
  }
  // The lower limit is refused where more than that is in use.
  const low = { memoryLimitInBytes: 4096 };
  const refused = outcome(runtime.UpdateContainerResources({ containerId: running, linux: low }));
  assert.notEqual(await refused, "OK");
  assert.partialDeepStrictEqual(
    { ...(await containerStatus(daemon, running)).resources?.linux },
    { memoryLimitInBytes: 128 << 20 },
  );
});

test("a cpuset is in force, and a wrong one refused", async () => {
  const { daemon } = parts;
  await using pod = await livePod(daemon);
  const id = await pod.run({ linux: { resources: { cpusetCpus: "0" } } });
  assert.equal(limit(id, "cpuset.cpus", "cpuset.cpus"), "0");
  assert.match(await pod.sh(id, "grep Cpus_allowed_list /proc/self/status"), /\t0$/);
  const wrong = pod.create({ linux: { resources: { cpusetCpus: "no list" } } });
  assert.notEqual(await outcome(wrong), "OK");
});

test("an update of a container that has ended, or of nothing, is refused", async () => {
  const { runtime } = parts.daemon.client;
  await using pod = await livePod(parts.daemon);
  const { id: containerId } = await pod.finish({ command: ["true"] });
  const linux = { memoryLimitInBytes: 64 << 20 };
  assert.equal(
    await outcome(runtime.UpdateContainerResources({ containerId, linux })),
    "FAILED_PRECONDITION",
  );
  assert.equal(await outcome(runtime.UpdateContainerResources({ containerId })), "INVALID_ARGUMENT");
  assert.equal(
    await outcome(runtime.UpdateContainerResources({ containerId: "f".repeat(64), linux })),
    "NOT_FOUND",
  );
});
