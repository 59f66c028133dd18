/** Runtimes that hang: every call ends by itself in good time, a stop ends it sooner, and others do not notice. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { containerStatus } from "../support/pods.ts";
import type { Fault } from "./fault.ts";
import type { ProgramsBed } from "./programs-bed.ts";
import { refused } from "./refused.ts";

const HANG = "exec $stuck 100000";
/** As it ignores what others would end by, and with a child that holds its output. */
const STUBBORN = "trap '' TERM INT HUP; $stuck 100000 & wait; wait";
const KUBELET = { timeout: 120_000 };

async function isHanging(bed: ProgramsBed, count = 1): Promise<void> {
  await eventually(() => assert.equal(bed.runtime.stuck.length, count));
}

async function features({ daemon }: ProgramsBed, handler: string) {
  const { runtimeHandlers } = await daemon.client.runtime.Status({}, { timeout: 5_000 });
  return runtimeHandlers.find(({ name }) => name === handler)?.features;
}

export const runtimeHangs: Fault<ProgramsBed>[] = [
  {
    name: "at start, while the container is stopped",
    short: true,
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      const { runtime } = bed.daemon.client;
      const containerId = await pod.create();
      bed.runtime.fault("start", HANG);
      const starting = refused(runtime.StartContainer({ containerId }), "ABORTED", /is being stopped/);
      await isHanging(bed);
      await runtime.StopContainer({ containerId, timeout: 5 }, { timeout: 20_000 });
      await starting;
      assert.equal((await containerStatus(bed.daemon, containerId)).state, "CONTAINER_EXITED");
    },
  },
  {
    name: "at start, while the pod is removed",
    async inflict(bed) {
      const pod = await bed.faultyPod();
      const { runtime } = bed.daemon.client;
      const containerId = await pod.create();
      bed.runtime.fault("start", STUBBORN);
      const starting = refused(runtime.StartContainer({ containerId }), "ABORTED", /is being stopped/);
      await isHanging(bed);
      await runtime.RemovePodSandbox({ podSandboxId: pod.id }, { timeout: 20_000 });
      await starting;
    },
  },
  {
    name: "at exec, longer than the command may take",
    short: true,
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      const containerId = await pod.run();
      bed.runtime.fault("exec", HANG);
      const request = { containerId, cmd: ["true"], timeout: 1 };
      await refused(bed.daemon.client.runtime.ExecSync(request), "DEADLINE_EXCEEDED", /timeout 1s exceeded/);
      bed.runtime.heal("exec");
      await pod.sh(containerId, "true");
    },
  },
  {
    name: "at features, from the daemon's start on",

    async inflict(bed) {
      const before = await features(bed, "faulty");
      bed.runtime.fault("features", HANG);
      await bed.daemon.stop();
      await bed.daemon.start();
      assert.equal((await features(bed, "faulty"))?.recursiveReadOnlyMounts, false);
      await bed.servesOthers();
      bed.runtime.heal("features");
      for (const pid of bed.runtime.stuck) process.kill(pid, "SIGKILL");
      await eventually(async () => assert.deepEqual(await features(bed, "faulty"), before));
    },
  },
  {
    name: "at every command, until the daemon's patience ends",
    async inflict(bed) {
      const { runtime } = bed.daemon.client;
      await using pod = await bed.faultyPod();
      const [started, running, removed] = await Promise.all([pod.create(), pod.run(), pod.run()]);
      await runtime.StopContainer({ containerId: removed, timeout: 0 });
      await pod.ended(removed);
      const commands = ["create", "start", "update", "exec", "delete"];
      for (const command of commands) bed.runtime.fault(command, command === "exec" ? HANG : STUBBORN);
      const exec = { containerId: running, cmd: ["true"], timeout: 0 };
      const update = { containerId: running, linux: { cpuShares: 512 } };
      const late = /no answer in \d+ s, killed/;
      const calls = [
        refused(pod.create(), "DEADLINE_EXCEEDED", late),
        refused(runtime.StartContainer({ containerId: started }, KUBELET), "DEADLINE_EXCEEDED", late),
        refused(runtime.ExecSync(exec, KUBELET), "DEADLINE_EXCEEDED", late),
        refused(runtime.UpdateContainerResources(update, KUBELET), "DEADLINE_EXCEEDED", late),
      ];
      await bed.servesOthers();
      await Promise.all(calls);
      bed.runtime.heal("create", "start", "update", "exec");
      const stopping = runtime.StopContainer({ containerId: running, timeout: 1 }, KUBELET);
      await bed.servesOthers();
      await stopping;
      const removing = runtime.RemoveContainer({ containerId: running }, KUBELET);
      await refused(removing, "DEADLINE_EXCEEDED", late);
      bed.runtime.heal("delete");
      await runtime.RemoveContainer({ containerId: running }, KUBELET);
      assert.equal(await pod.sh(await pod.run(), "echo fine"), "fine");
    },
  },
];
