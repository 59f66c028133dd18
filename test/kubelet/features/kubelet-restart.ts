/** The kubelet ends and comes back: its pods run on, and what has changed meanwhile is caught up with. */
import assert from "node:assert/strict";
import type { Feature } from "../feature.ts";
import { assertStartedOnce } from "../node/half-started.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import { sh } from "../node/manifest.ts";
import { RunningPods } from "../node/running-pods.ts";

const OTHER_BUSYBOX = "docker.io/library/busybox:latest";

function pidOne({ daemon }: KubeletNode, containerId: string): Promise<number> {
  const asked = daemon.client.runtime.ContainerStatus({ containerId, verbose: true });
  return asked.then(({ info }) => JSON.parse(info.info!).pid);
}

function survives(signal: "SIGTERM" | "SIGKILL"): Feature {
  return {
    name: `pods run on over ${signal}, with their containers, restart counts and connections`,
    alone: true,
    async run(node) {
      await using running = await RunningPods.start(node);
      for (let time = 0; time < 2; time++) {
        await node.kubelet.stop(signal);
        await running.talk();
        await node.kubelet.start();
        await running.assertKept();
      }
    },
  };
}

export const features: readonly Feature[] = [
  survives("SIGTERM"),
  survives("SIGKILL"),
  {
    name: "static pods that were added, changed and removed meanwhile",
    alone: true,
    async run(node) {
      const { kubelet, pods } = node;
      await using running = await RunningPods.start(node);
      await using changed = await pods.run("changed", { containers: [{ name: "main" }] });
      await using removed = await pods.run("removed", { containers: [{ name: "main" }] });
      for (const pod of [changed, removed]) await pod.untilReady();
      await kubelet.stop("SIGKILL");
      await changed.write({
        containers: [{ name: "main", image: OTHER_BUSYBOX, command: sh("sleep 1000") }],
      });
      await removed.delete();
      await using added = await pods.run("added", { containers: [{ name: "main" }] });
      await kubelet.start();
      await added.untilReady();
      await removed.untilGone();
      const status = await changed.untilContainer("main", "changed", ({ image, state }) => {
        return image === OTHER_BUSYBOX && state.running && { image };
      });
      assert.equal(status.image, OTHER_BUSYBOX);
      await running.assertKept();
    },
  },
  {
    name: "a container that ended meanwhile is started again, once, and its exit code told",
    alone: true,
    async run(node) {
      const { kubelet, pods } = node;
      await using pod = await pods.run("ended", {
        containers: [{ name: "main", command: sh("sleep 100000; exit 5") }],
      });
      const before = await pod.untilContainer("main", "running", (status) => status.ready && status);
      const pid = await pidOne(node, before.containerID!.split("//")[1]!);
      await kubelet.stop("SIGKILL");
      process.kill(pid, "SIGKILL");
      await kubelet.start();
      const after = await pod.untilContainer("main", "running again", (status) => {
        return status.restartCount === 1 && status.ready && status;
      });
      assert.equal(after.lastState.terminated?.exitCode, 137);
      assert.equal(after.lastState.terminated?.containerID, before.containerID);
    },
  },
  {
    name: "a pod that was being started when the kubelet was killed runs once",
    alone: true,
    run: (node) => assertStartedOnce(node, () => node.kubelet.restart()),
  },
];
