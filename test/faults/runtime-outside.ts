/** What happens to containers and pods from outside, behind the runtime's back: it is noticed, and all can be ended and removed. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machineCgroups } from "../../src/cgroups/machine.ts";
import { unmountAll } from "../../src/linux/mount.ts";
import { eventually } from "../support/eventually.ts";
import type { LivePod } from "../support/live-pod.ts";
import { isRunning } from "../support/processes.ts";
import { mountsBelow } from "../support/sweep.ts";
import type { Fault } from "./fault.ts";
import type { ProgramsBed } from "./programs-bed.ts";
import { refused } from "./refused.ts";

const QUICKLY = { timeout: 30_000 };

async function pidOf({ daemon }: ProgramsBed, containerId: string): Promise<number> {
  const { info } = await daemon.client.runtime.ContainerStatus({ containerId, verbose: true });
  return JSON.parse(info.info!).pid;
}

/** The file by which the cgroup of a process is frozen, and its words for frozen. */
function freezer(pid: number): { path: string; frozen: string } {
  const { version, hierarchies } = machineCgroups();
  const isV2 = version === "v2";
  const hierarchy = hierarchies.find((one) => (isV2 ? one.unified : one.controllers.includes("freezer")));
  const line = isV2 ? /^0::(.*)$/m : /^\d+:freezer:(.*)$/m;
  const cgroup = line.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))![1]!;
  const folder = join(hierarchy!.mount, cgroup);
  return isV2
    ? { path: join(folder, "cgroup.freeze"), frozen: "1" }
    : { path: join(folder, "freezer.state"), frozen: "FROZEN" };
}

function freeze(pid: number): void {
  const { path, frozen } = freezer(pid);
  writeFileSync(path, frozen);
}

/** Stops and removes the pod's container and the pod, each in good time. */
async function removeAll({ daemon }: ProgramsBed, pod: LivePod, containerId: string): Promise<void> {
  const { runtime } = daemon.client;
  await runtime.StopContainer({ containerId, timeout: 1 }, QUICKLY);
  await runtime.RemoveContainer({ containerId }, QUICKLY);
  await runtime.StopPodSandbox({ podSandboxId: pod.id }, QUICKLY);
  await runtime.RemovePodSandbox({ podSandboxId: pod.id }, QUICKLY);
}

/** A fault that something of a pod with one container meets; both must go as if nothing had been. */
function outside(
  name: string,
  short: boolean,
  meet: (bed: ProgramsBed, pod: LivePod, containerId: string) => Promise<void>,
): Fault<ProgramsBed> {
  return {
    name,
    short,
    async inflict(bed) {
      const pod = await bed.faultyPod();
      const containerId = await pod.run();
      await meet(bed, pod, containerId);
      await removeAll(bed, pod, containerId);
    },
  };
}

export const runtimeOutside: Fault<ProgramsBed>[] = [
  outside("a container's process is killed", false, async (bed, pod, containerId) => {
    process.kill(await pidOf(bed, containerId), "SIGKILL");
    const { exitCode, reason } = await pod.ended(containerId);
    assert.deepEqual([exitCode, reason], [137, "Error"]);
  }),
  outside("a pod's pause process is killed", true, async (_bed, pod) => {
    process.kill((await pod.verbose()).pid, "SIGKILL");
    await eventually(async () => assert.equal((await pod.status()).state, "SANDBOX_NOTREADY"));
    await refused(pod.create(), "FAILED_PRECONDITION", /is not ready/);
  }),
  outside("a container is frozen", true, async (bed, _pod, containerId) => {
    const pid = await pidOf(bed, containerId);
    freeze(pid);
    await bed.daemon.client.runtime.StopContainer({ containerId, timeout: 1 }, QUICKLY);
    assert.equal(isRunning(pid), false);
  }),
  outside("a pause process is frozen", false, async (_bed, pod) => {
    freeze((await pod.verbose()).pid);
  }),
  outside("the network namespace's pin is unmounted", false, async ({ daemon }, pod) => {
    unmountAll(join(daemon.namespacesDir, "netns", pod.id));
    await refused(pod.create(), "UNKNOWN", new RegExp(`faulty create: .*${pod.id}|namespace`));
  }),
  outside("the pins of all namespaces are removed", false, async ({ daemon }, pod) => {
    for (const type of ["netns", "utsns", "ipcns"]) {
      const pin = join(daemon.namespacesDir, type, pod.id);
      unmountAll(pin);
      rmSync(pin);
    }
  }),
  outside("a container's root filesystem is unmounted", false, async ({ daemon }, _pod, containerId) => {
    const mounts = mountsBelow(join(daemon.folder, "root")).filter((path) => path.includes(containerId));
    assert.ok(mounts.length > 0);
    for (const path of mounts) unmountAll(path);
  }),
  outside("a container's bundle is deleted", false, async ({ daemon }, pod, containerId) => {
    rmSync(join(daemon.folder, "runroot", "containers", containerId), { recursive: true });
    await refused(
      daemon.client.runtime.ExecSync({ containerId, cmd: ["true"], timeout: 10 }),
      "UNKNOWN",
      /config\.json/,
    );
    assert.equal((await pod.status()).state, "SANDBOX_READY");
  }),
  outside("a pod's folder is deleted", false, async ({ daemon }, pod) => {
    const folder = join(daemon.folder, "runroot", "sandboxes", pod.id);
    unmountAll(join(folder, "shm"));
    rmSync(folder, { recursive: true });
    await refused(pod.create(), "UNKNOWN", /sandboxes/);
  }),
];
