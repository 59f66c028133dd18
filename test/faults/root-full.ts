/** A full disk below `root`: nothing new can be made, and what there is can be used, ends, and is removed, which is how a disk is emptied. */
import assert from "node:assert/strict";
import { NGINX } from "../support/configs.ts";
import { livePod } from "../support/live-pod.ts";
import { podConfigFor } from "../support/pods.ts";
import { type DiskBed, diskSuite } from "./disk-bed.ts";
import type { Fault, RunnableSuite } from "./fault.ts";
import { neighbour } from "./neighbour.ts";
import { DEADLINE, diskFull, failsBy, mayFailBy, succeeds } from "./outcomes.ts";

const image = { image: NGINX };

const faults: Fault<DiskBed>[] = [
  {
    name: "a pull fails, and succeeds once there is room",
    short: true,
    async inflict({ bed: { daemon }, disk }) {
      await using other = await neighbour(daemon);
      await disk.whileFull(async () => {
        await failsBy(diskFull, "PullImage", daemon.client.image.PullImage({ image }, DEADLINE));
        await other.works();
      });
      await succeeds("PullImage", daemon.client.image.PullImage({ image }));
      await daemon.client.image.RemoveImage({ image });
    },
  },
  {
    name: "no pod and no container is made, and both are once there is room",
    short: true,
    async inflict({ bed: { daemon }, disk }) {
      const { runtime } = daemon.client;
      await using other = await neighbour(daemon);
      const config = podConfigFor(daemon);
      await disk.whileFull(async () => {
        await failsBy(diskFull, "RunPodSandbox", runtime.RunPodSandbox({ config }, DEADLINE));
        await failsBy(diskFull, "CreateContainer", other.pod.create());
        await other.works();
      });
      await succeeds("CreateContainer", other.pod.create());
      const { podSandboxId } = await succeeds("RunPodSandbox", runtime.RunPodSandbox({ config }));
      await runtime.RemovePodSandbox({ podSandboxId });
    },
  },
  {
    name: "what there is starts, ends, is stopped and removed",
    short: true,
    async inflict({ bed: { daemon }, disk }) {
      const { runtime, image: images } = daemon.client;
      await images.PullImage({ image });
      await using other = await neighbour(daemon);
      const pod = await livePod(daemon);
      const created = await pod.create();
      const running = await pod.run();
      const waits = "while [ ! -e /dev/shm/go ]; do sleep 0.1; done; exit 7";
      const ending = await pod.run({ command: ["sh", "-c", waits] });
      await disk.whileFull(async () => {
        await succeeds("StartContainer", runtime.StartContainer({ containerId: created }, DEADLINE));
        await pod.sh(running, "touch /dev/shm/go");
        assert.equal((await pod.ended(ending)).exitCode, 7);
        await succeeds(
          "StopContainer",
          runtime.StopContainer({ containerId: running, timeout: 5 }, DEADLINE),
        );
        await succeeds("RemoveContainer", runtime.RemoveContainer({ containerId: running }, DEADLINE));
        await other.works();
        await succeeds("StopPodSandbox", runtime.StopPodSandbox({ podSandboxId: pod.id }, DEADLINE));
        await succeeds("RemovePodSandbox", runtime.RemovePodSandbox({ podSandboxId: pod.id }, DEADLINE));
        await succeeds("RemoveImage", images.RemoveImage({ image }, DEADLINE));
        assert.equal((await images.ImageStatus({ image })).image, null);
        await other.works();
      });
    },
  },
  ...(["killed", "ended in good order"] as const).map(
    (how): Fault<DiskBed> => ({
      name: `a daemon that was ${how} starts, and has its pods ended and removed`,
      short: how === "killed",
      async inflict({ bed: { daemon }, disk }) {
        const { runtime } = daemon.client;
        const pod = await livePod(daemon);
        const ending = await pod.run({ command: ["sleep", "1000"] });
        const running = await pod.run();
        await disk.whileFull(async () => {
          await (how === "killed" ? daemon.kill() : daemon.stop());
          await daemon.start();
          await pod.sh(running, "echo works");
          await succeeds("StopContainer", runtime.StopContainer({ containerId: ending }, DEADLINE));
          await succeeds("RemoveContainer", runtime.RemoveContainer({ containerId: ending }, DEADLINE));
          await succeeds("StopPodSandbox", runtime.StopPodSandbox({ podSandboxId: pod.id }, DEADLINE));
          await succeeds("RemovePodSandbox", runtime.RemovePodSandbox({ podSandboxId: pod.id }, DEADLINE));
          // What was removed has made room.
          disk.fill();
          const config = podConfigFor(daemon);
          await failsBy(diskFull, "RunPodSandbox", runtime.RunPodSandbox({ config }, DEADLINE));
        });
        await using _again = await neighbour(daemon);
      },
    }),
  ),
  {
    name: "what a little room is too little for fails whole, wherever it runs out",
    async inflict({ bed: { daemon, context }, disk }) {
      const { runtime, image: images } = daemon.client;
      await using other = await neighbour(daemon);
      for (let time = 0; time < 20; time++) {
        const spare = context.random.below(2 ** context.random.below(disk.hasFewInodes ? 10 : 24));
        disk.fill();
        disk.give(spare);
        const pulled = await mayFailBy(diskFull, `PullImage, ${spare} left`, images.PullImage({ image }));
        const created = await mayFailBy(diskFull, `CreateContainer, ${spare} left`, other.pod.create());
        const config = podConfigFor(daemon);
        const made = await mayFailBy(
          diskFull,
          `RunPodSandbox, ${spare} left`,
          runtime.RunPodSandbox({ config }),
        );
        await other.works();
        disk.fill();
        if (pulled) await succeeds("RemoveImage", images.RemoveImage({ image }));
        const { items } = await runtime.ListPodSandbox();
        assert.equal(items.length, made ? 2 : 1);
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

/** The same faults once more: one of them is enough for the short form. */
const inLongForm = faults.map((fault, at) => ({ ...fault, short: at === 1 }));

export const rootSuites: readonly RunnableSuite[] = [
  diskSuite("root full", "root", { kind: "ext4", megabytes: 128 }, faults),
  diskSuite("root without inodes", "root", { kind: "ext4", megabytes: 128, inodes: 3000 }, inLongForm),
];
