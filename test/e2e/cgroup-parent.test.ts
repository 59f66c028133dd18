import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { cgroupFolders } from "../support/cgroups.ts";
import { outcome, refusal } from "../support/cri.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { inParallel } from "../support/parallel.ts";
import { podConfigFor, removePod } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const systemd = process.env.CRITTER_TEST_CGROUP_MANAGER === "systemd";

/** The cgroup that holds a process's memory to account. */
function memoryCgroup(pid: number | string): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
  const [, , path] = (lines.find((line) => line.includes(":memory:")) ?? lines.at(-1)!).split(":");
  return path!;
}

async function monitorOf(pod: LivePod): Promise<string> {
  return memoryCgroup((await pod.verbose()).monitorPid);
}

describe("a pod's parent cgroup", () => {
  const parts = suite();

  it("holds its containers, and by default with cgroupfs their monitors", async () => {
    const cgroupParent = parts.daemon.cgroupBelow("parent");
    await using pod = await livePod(parts.daemon, { linux: { cgroupParent } });
    const { pid } = await pod.verbose();
    assert.ok(memoryCgroup(pid).startsWith(`${cgroupParent}/`));
    const monitor = await monitorOf(pod);
    if (systemd) assert.equal(monitor, `/system.slice/critter-conmon-${pod.id}.scope`);
    else
      assert.ok(monitor === cgroupParent || monitor === `${cgroupParent}/critter-conmon-${pod.id}`, monitor);
  });

  it("goes with the last of its pods, also where several go at once", async () => {
    const { daemon } = parts;
    for (let round = 0; round < 5; round++) {
      const cgroupParent = daemon.cgroupBelow(`shared${round}`);
      const config = () => podConfigFor(daemon, { linux: { cgroupParent } });
      const pods = await inParallel(
        6,
        6,
        async () => (await daemon.client.runtime.RunPodSandbox({ config: config() })).podSandboxId,
      );
      await inParallel(6, 6, (at) => removePod(daemon, pods[at]!));
      assert.deepEqual(cgroupFolders(cgroupParent), []);
    }
  });

  it("of the wrong form for the cgroup manager is INVALID_ARGUMENT, and leaves nothing", async () => {
    const wrong = systemd
      ? ["/kubepods/pod1", "a--b.slice", "/other.slice/a-b.slice"]
      : ["/kubepods.slice/kubepods-pod1.slice", "system.slice", "/"];
    for (const cgroupParent of [...wrong, "/a/../b", "/a:b"]) {
      const refused = livePod(parts.daemon, { linux: { cgroupParent } });
      await assert.rejects(refused, refusal("INVALID_ARGUMENT", /^linux\.cgroup_parent is /), cgroupParent);
    }
    assert.deepEqual((await parts.daemon.client.runtime.ListPodSandbox()).items, []);
  });
});

describe("conmon_cgroup, the old name of monitor_cgroup", () => {
  const parts = suite({ settings: { "crio.runtime": { conmon_cgroup: "pod" } } });

  it("is that of every handler", async () => {
    await using pod = await livePod(parts.daemon);
    const monitor = await monitorOf(pod);
    const { cgroupParent } = parts.daemon;
    const own = systemd ? `critter-conmon-${pod.id}.scope` : `critter-conmon-${pod.id}`;
    assert.ok([cgroupParent, `${cgroupParent}/${own}`].includes(monitor), monitor);
  });
});

describe("an empty monitor_cgroup", () => {
  const parts = suite({ handlers: { own: { runtime_path: "/usr/sbin/runc", monitor_cgroup: "" } } });

  it("leaves the monitors in the daemon's cgroup", async () => {
    const { daemon } = parts;
    const config = {
      metadata: { name: "own", uid: "u", namespace: "n", attempt: 0 },
      linux: { cgroupParent: daemon.cgroupParent },
    };
    const { podSandboxId } = await daemon.client.runtime.RunPodSandbox({ config, runtimeHandler: "own" });
    const { info } = await daemon.client.runtime.PodSandboxStatus({ podSandboxId, verbose: true });
    assert.equal(memoryCgroup(JSON.parse(info.info!).monitorPid), memoryCgroup(daemon.pid));
    assert.equal(await outcome(daemon.client.runtime.StopPodSandbox({ podSandboxId })), "OK");
    assert.equal(await outcome(daemon.client.runtime.RemovePodSandbox({ podSandboxId })), "OK");
  });
});
