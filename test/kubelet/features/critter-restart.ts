/** critter ends and comes back under a kubelet: pods run on, and the kubelet gets on with them. */
import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import type { Feature } from "../feature.ts";
import { assertStartedOnce } from "../node/half-started.ts";
import { FollowedLog } from "../node/kubelet-follow.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import { sh } from "../node/manifest.ts";
import { RunningPods } from "../node/running-pods.ts";

/** How critter is ended. */
const endings: Record<string, (node: KubeletNode) => Promise<unknown>> = {
  SIGTERM: ({ daemon }) => daemon.stop(),
  "kill -9": ({ daemon }) => daemon.kill(),
};

/** Fails unless a new pod runs, and exec and logs work in the old one. */
async function assertWorks({ pods }: KubeletNode, { pod }: RunningPods): Promise<void> {
  await using fresh = await pods.run("fresh", { containers: [{ name: "main" }] });
  await fresh.untilReady();
  assert.equal(await pod.sh("echo", "echo works"), "works");
  assert.match(await pod.log("restarted", "tailLines=1"), /\d\d:\d\d:\d\d/);
}

function survives(how: string): Feature {
  return {
    name: `pods run on over ${how}, with their containers, restart counts and connections`,
    alone: true,
    async run(node) {
      await using running = await RunningPods.start(node);
      await using followed = new FollowedLog(
        node.kubelet.api.port,
        await running.pod.untilReady(),
        "restarted",
      );
      // Before that, the kubelet asks critter.
      await eventually(() => assert.notEqual(followed.text, ""));
      for (let time = 0; time < 2; time++) {
        await endings[how]!(node);
        await running.talk();
        await node.daemon.start();
        await running.assertKept();
        const { length } = followed.text;
        await eventually(() => assert.ok(followed.text.length > length, "logs -f goes on"));
      }
      await assertWorks(node, running);
    },
  };
}

export const features: readonly Feature[] = [
  ...Object.keys(endings).map(survives),
  {
    name: "both killed with -9, and started in either order",
    alone: true,
    async run(node) {
      await using running = await RunningPods.start(node);
      const { daemon, kubelet } = node;
      for (const critterFirst of [true, false]) {
        await Promise.all([daemon.kill(), kubelet.stop("SIGKILL")]);
        await running.talk();
        if (critterFirst) {
          await daemon.start();
          await kubelet.start();
        } else {
          // It ends by itself, and systemd would start it again and again.
          await assert.rejects(kubelet.start(), /validate service connection/);
          await daemon.start();
          await kubelet.start();
        }
        await running.assertKept();
      }
      await assertWorks(node, running);
    },
  },
  {
    name: "a container that ended while critter was away is started again, once, and its exit code told",
    alone: true,
    async run({ daemon, pods }) {
      const command = sh("while [ ! -e /tmp/end ]; do sleep 0.1; done; sleep 1; exit 9");
      await using pod = await pods.run("ended", { containers: [{ name: "main", command }] });
      await pod.untilReady();
      await pod.sh("main", "touch /tmp/end");
      await daemon.kill();
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await daemon.start();
      const status = await pod.untilContainer("main", "running again", (found) => {
        return found.restartCount === 1 && found.ready && found;
      });
      assert.deepEqual(
        [status.lastState.terminated?.exitCode, status.lastState.terminated?.reason],
        [9, "Error"],
      );
    },
  },
  {
    name: "pods that were added and removed while critter was away",
    alone: true,
    async run(node) {
      const { daemon, pods } = node;
      await using running = await RunningPods.start(node);
      await using removed = await pods.run("removed", { containers: [{ name: "main" }] });
      await removed.untilReady();
      await daemon.kill();
      await removed.delete();
      await using added = await pods.run("added", { containers: [{ name: "main" }] });
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await daemon.start();
      await added.untilReady();
      await removed.untilGone();
      await running.assertKept();
    },
  },
  {
    name: "a pod that was being started when critter was killed runs once",
    alone: true,
    async run(node) {
      await assertStartedOnce(node, async () => {
        await node.daemon.kill();
        await node.daemon.start();
      });
    },
  },
];
