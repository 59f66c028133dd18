import assert from "node:assert/strict";
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { detectCgroups } from "../../src/cgroups/hierarchy.ts";
import type { LinuxPodSandboxConfig, PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { controlFile, cpuLimit, cpuShares, memoryLimit } from "../support/control-file.ts";
import { outcome, refusal } from "../support/cri.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const parts = suite();
const { hierarchies, version } = detectCgroups();
const systemd = process.env.CRITTER_TEST_CGROUP_MANAGER === "systemd";

const given = {
  overhead: { cpuShares: 128, cpuPeriod: 100_000, cpuQuota: 10_000, memoryLimitInBytes: 16 << 20 },
  resources: {
    cpuShares: 512,
    cpuPeriod: 50_000,
    cpuQuota: 25_000,
    memoryLimitInBytes: 64 << 20,
    cpusetCpus: "0",
  },
};

/** A pod in a cgroup of its own. */
function podIn(name: string, linux: Init<LinuxPodSandboxConfig>): Promise<LivePod> {
  return livePod(parts.daemon, { linux: { cgroupParent: cgroupOf(name), ...linux } });
}

const cgroupOf = (name: string) => parts.daemon.cgroupBelow(name);

async function configOf(podSandboxId: string): Promise<PodSandboxConfig> {
  const { info } = await parts.daemon.client.runtime.PodSandboxStatus({ podSandboxId, verbose: true });
  return JSON.parse(info.info!).config;
}

test("a pod's cgroup that critter makes has resources and overhead together, and so after an update", async () => {
  const { runtime } = parts.daemon.client;
  await using pod = await podIn("limited", given);
  const cgroup = cgroupOf("limited");
  assert.equal(memoryLimit(cgroup), String(80 << 20));
  assert.equal(cpuLimit(cgroup), "30000 50000");
  assert.ok(["640", "25"].includes(cpuShares(cgroup)));
  // systemd has no cpusets on v1.
  if (!systemd || version === "v2") assert.equal(controlFile(cgroup, "cpuset.cpus", "cpuset.cpus"), "0");

  const podSandboxId = pod.id;
  const resources = { memoryLimitInBytes: 32 << 20, cpuPeriod: 100_000, cpuQuota: 20_000 };
  await runtime.UpdatePodSandboxResources({ podSandboxId, resources });
  assert.equal(memoryLimit(cgroup), String(48 << 20));
  assert.equal(cpuLimit(cgroup), "30000 100000");
  await parts.daemon.stop();
  await parts.daemon.start();
  const { linux } = await configOf(pod.id);
  assert.partialDeepStrictEqual({ ...linux?.resources }, resources);
  assert.partialDeepStrictEqual({ ...linux?.overhead }, given.overhead);
  await runtime.UpdatePodSandboxResources({ podSandboxId, overhead: {}, resources });
  assert.equal(memoryLimit(cgroup), String(32 << 20));
});

test("the runtime is told the pod's size, for those that make a virtual machine of it", async () => {
  await using pod = await podIn("told", given);
  const { annotations } = (await pod.verbose()).runtimeSpec as { annotations: Record<string, string> };
  assert.equal(annotations["io.kubernetes.cri.sandbox-memory"], String(64 << 20));
  assert.equal(JSON.parse(annotations["io.kubernetes.cri-o.PodLinuxOverhead"]!).cpu_shares, 128);
});

test("a pod's cgroup that the kubelet has made keeps the limits that the kubelet gave it", {
  skip: systemd,
}, async () => {
  const folders = hierarchies.map(({ mount }) => join(mount, cgroupOf("kubelet")));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  try {
    await using pod = await podIn("kubelet", {});
    const before = [memoryLimit(cgroupOf("kubelet")), cpuLimit(cgroupOf("kubelet"))];
    const request = { podSandboxId: pod.id, ...given };
    await parts.daemon.client.runtime.UpdatePodSandboxResources(request);
    assert.deepEqual([memoryLimit(cgroupOf("kubelet")), cpuLimit(cgroupOf("kubelet"))], before);
    const { linux } = await configOf(pod.id);
    assert.partialDeepStrictEqual({ ...linux?.resources }, given.resources);
  } finally {
    for (const folder of folders) rmdirSync(folder);
  }
});

test("wrong values name their field; a pod that is stopped, or none, is refused", async () => {
  const { runtime } = parts.daemon.client;
  const wrong = { cpuQuota: 5 };
  await assert.rejects(
    podIn("wrong", { resources: wrong }),
    refusal("INVALID_ARGUMENT", /^config\.linux\.resources\.cpu_quota is 5/),
  );
  await assert.rejects(
    podIn("small", { resources: { memoryLimitInBytes: 64 << 10 } }),
    refusal("INVALID_ARGUMENT", /cgroup_parent is .*: its memory limit is 65536, the runtime needs \d+/),
  );
  await using pod = await podIn("refused", {});
  const podSandboxId = pod.id;
  const update = (fields: object) => runtime.UpdatePodSandboxResources({ podSandboxId, ...fields });
  await assert.rejects(update({ overhead: wrong }), refusal("INVALID_ARGUMENT", /^overhead\.cpu_quota is 5/));
  await assert.rejects(
    update({ resources: { memoryLimitInBytes: -7 } }),
    refusal("INVALID_ARGUMENT", /^resources\.memory_limit_in_bytes is -7/),
  );
  await runtime.StopPodSandbox({ podSandboxId });
  assert.equal(await outcome(update(given)), "FAILED_PRECONDITION");
  const unknown = runtime.UpdatePodSandboxResources({ podSandboxId: "f".repeat(64), ...given });
  assert.equal(await outcome(unknown), "NOT_FOUND");
});
