/** A full /run: nothing new can be made or executed, and what there is ends and is removed. */
import assert from "node:assert/strict";
import { livePod } from "../support/live-pod.ts";
import { podConfigFor } from "../support/pods.ts";
import { type DiskBed, diskSuite } from "./disk-bed.ts";
import type { Fault, RunnableSuite } from "./fault.ts";
import { neighbour } from "./neighbour.ts";
import { DEADLINE, diskFull, failsBy, mayFailBy, succeeds } from "./outcomes.ts";

const faults: Fault<DiskBed>[] = [
  {
    name: "nothing is made or executed, and all of it is once there is room",
    short: true,
    async inflict({ bed: { daemon }, disk }) {
      const { runtime } = daemon.client;
      await using other = await neighbour(daemon);
      const config = podConfigFor(daemon);
      const exec = { containerId: other.containerId, cmd: ["true"], timeout: 10 };
      await disk.whileFull(async () => {
        await failsBy(diskFull, "RunPodSandbox", runtime.RunPodSandbox({ config }, DEADLINE));
        await failsBy(diskFull, "CreateContainer", other.pod.create());
        await failsBy(diskFull, "ExecSync", runtime.ExecSync(exec, DEADLINE));
        await other.isShown();
      });
      await other.works();
      await succeeds("CreateContainer", other.pod.create());
      const { podSandboxId } = await succeeds("RunPodSandbox", runtime.RunPodSandbox({ config }));
      await runtime.RemovePodSandbox({ podSandboxId });
    },
  },
  {
    name: "what there is ends, is stopped and removed",
    short: true,
    async inflict({ bed: { daemon }, disk }) {
      const { runtime } = daemon.client;
      await using other = await neighbour(daemon);
      const pod = await livePod(daemon);
      const created = await pod.create();
      const running = await pod.run();
      const ending = await pod.run({ command: ["sleep", "1"] });
      await disk.whileFull(async () => {
        await mayFailBy(
          diskFull,
          "StartContainer",
          runtime.StartContainer({ containerId: created }, DEADLINE),
        );
        // The monitor cannot write the exit code down, but the end is an end.
        await pod.ended(ending);
        await succeeds(
          "StopContainer",
          runtime.StopContainer({ containerId: running, timeout: 5 }, DEADLINE),
        );
        await succeeds("RemoveContainer", runtime.RemoveContainer({ containerId: running }, DEADLINE));
        await other.isShown();
        await succeeds("StopPodSandbox", runtime.StopPodSandbox({ podSandboxId: pod.id }, DEADLINE));
        await succeeds("RemovePodSandbox", runtime.RemovePodSandbox({ podSandboxId: pod.id }, DEADLINE));
        await other.isShown();
      });
    },
  },
  {
    name: "a daemon that was killed starts",
    async inflict({ bed: { daemon }, disk }) {
      const { runtime } = daemon.client;
      const pod = await livePod(daemon);
      const containerId = await pod.run();
      await disk.whileFull(async () => {
        await daemon.kill();
        await daemon.start();
        assert.equal((await pod.status()).state, "SANDBOX_READY");
        await succeeds("StopContainer", runtime.StopContainer({ containerId }, DEADLINE));
        await succeeds("RemovePodSandbox", runtime.RemovePodSandbox({ podSandboxId: pod.id }, DEADLINE));
      });
      await using _again = await neighbour(daemon);
    },
  },
  {
    name: "what a little room is too little for fails whole, wherever it runs out",
    async inflict({ bed: { daemon, context }, disk }) {
      const { runtime } = daemon.client;
      await using other = await neighbour(daemon);
      for (let time = 0; time < 30; time++) {
        const pages = time < 15 ? time : context.random.below(60);
        disk.fill();
        disk.give(disk.hasFewInodes ? pages : pages * 4096);
        const what = (call: string) => `${call}, ${pages} left`;
        const created = await mayFailBy(diskFull, what("CreateContainer"), other.pod.create());
        const config = podConfigFor(daemon);
        await mayFailBy(diskFull, what("RunPodSandbox"), runtime.RunPodSandbox({ config }, DEADLINE));
        await other.isShown();
        disk.fill();
        const { items } = await runtime.ListPodSandbox();
        for (const { id } of items)
          if (id !== other.pod.id)
            await succeeds("RemovePodSandbox", runtime.RemovePodSandbox({ podSandboxId: id }));
        const { containers } = await runtime.ListContainers();
        assert.equal(containers.length, created ? 2 : 1);
        for (const { id } of containers)
          if (id !== other.containerId)
            await succeeds("RemoveContainer", runtime.RemoveContainer({ containerId: id }));
        disk.empty();
      }
    },
  },
];

const inLongForm = faults.map((fault) => ({ ...fault, short: false }));

export const runrootSuites: readonly RunnableSuite[] = [
  diskSuite("runroot full", "runroot", { kind: "tmpfs", megabytes: 16 }, faults),
  diskSuite("runroot without inodes", "runroot", { kind: "tmpfs", megabytes: 16, inodes: 400 }, inLongForm),
];
