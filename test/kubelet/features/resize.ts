/** Resources that change while the container runs: a manifest that is written anew, for the pod with the same uid. */
import assert from "node:assert/strict";
import type { Feature } from "../feature.ts";
import type { ContainerSpec } from "../node/kubernetes.ts";
import { containerCgroup, limitsOf, podCgroup } from "../node/pod-cgroups.ts";
import { conditionOf, statusOf } from "../node/static-pods.ts";

const Mi = 1024 * 1024;

const guaranteed = (cpu: string, memory: string, fields: Partial<ContainerSpec> = {}) => ({
  containers: [{ name: "main", resources: { limits: { cpu, memory } }, ...fields }],
});

const notRequired = ["cpu", "memory"].map((resourceName) => ({ resourceName, restartPolicy: "NotRequired" }));

export const features: readonly Feature[] = [
  {
    name: "more processor and memory, and less again, for the container that runs",
    async run(node) {
      await using pod = await node.pods.run(
        "resized",
        guaranteed("100m", "64Mi", { resizePolicy: notRequired }),
      );
      const first = statusOf(await pod.untilReady(), "main");
      for (const [cpu, memory, processors, bytes] of [
        ["300m", "128Mi", 0.3, 128 * Mi],
        ["200m", "96Mi", 0.2, 96 * Mi],
      ] as const) {
        await pod.write(guaranteed(cpu, memory, { resizePolicy: notRequired }));
        const resized = await pod.until("resized", (it) => {
          const { resources } = statusOf(it, "main") ?? {};
          return resources?.limits?.cpu === cpu && resources.limits.memory === memory && it;
        });
        const limits = limitsOf(containerCgroup(node, resized, "main"));
        assert.deepEqual([limits.cpu, limits.memory], [processors, bytes]);
        const podLimits = limitsOf(podCgroup(node, resized));
        assert.deepEqual([podLimits.cpu, podLimits.memory], [processors, bytes]);
        assert.equal(statusOf(resized, "main")?.containerID, first?.containerID);
      }
    },
  },
  {
    name: "resizePolicy RestartContainer: the container is started again",
    async run(node) {
      const resizePolicy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }];
      await using pod = await node.pods.run("resized", guaranteed("100m", "64Mi", { resizePolicy }));
      await pod.untilReady();
      await pod.write(guaranteed("100m", "128Mi", { resizePolicy }));
      const resized = await pod.until("restarted", (it) => {
        const status = statusOf(it, "main");
        return (
          status?.restartCount === 1 && status.resources?.limits?.memory === "128Mi" && status.ready && it
        );
      });
      assert.equal(limitsOf(containerCgroup(node, resized, "main")).memory, 128 * Mi);
    },
  },
  {
    name: "a sidecar is resized too",
    async run(node) {
      const spec = (memory: string) => ({
        initContainers: [
          { name: "sidecar", restartPolicy: "Always", resources: { limits: { cpu: "100m", memory } } },
        ],
        ...guaranteed("100m", "64Mi"),
      });
      await using pod = await node.pods.run("resized", spec("32Mi"));
      const first = statusOf(await pod.untilReady(), "sidecar");
      await pod.write(spec("48Mi"));
      const resized = await pod.until("resized", (it) => {
        return statusOf(it, "sidecar")?.resources?.limits?.memory === "48Mi" && it;
      });
      assert.equal(limitsOf(containerCgroup(node, resized, "sidecar")).memory, 48 * Mi);
      assert.equal(statusOf(resized, "sidecar")?.containerID, first?.containerID);
    },
  },
  {
    name: "limits of the pod are resized",
    async run(node) {
      const spec = (memory: string) => ({
        resources: { requests: { cpu: "100m", memory: "32Mi" }, limits: { cpu: "300m", memory } },
        containers: [{ name: "main" }],
      });
      await using pod = await node.pods.run("resized", spec("64Mi"));
      const running = await pod.untilReady();
      await pod.write(spec("128Mi"));
      await pod.until("resized", (it) => limitsOf(podCgroup(node, it)).memory === 128 * Mi);
      const still = await pod.untilReady();
      assert.equal(statusOf(still, "main")?.containerID, statusOf(running, "main")?.containerID);
    },
  },
  {
    name: "more than the node has is refused, and the container runs on as it was",
    async run(node) {
      await using pod = await node.pods.run("resized", guaranteed("100m", "64Mi"));
      const running = await pod.untilReady();
      await pod.write(guaranteed("10000", "64Mi"));
      await pod.until("refused", (it) => conditionOf(it, "PodResizePending") === "True");
      assert.equal(limitsOf(containerCgroup(node, running, "main")).cpu, 0.1);
    },
  },
];
