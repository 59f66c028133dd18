/** Requests and limits, and the classes that the kubelet makes of them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cpuShares } from "../../support/control-file.ts";
import type { Feature } from "../feature.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import { sh } from "../node/manifest.ts";
import { containerCgroup, exists, limitsOf, podCgroup, weightsFor } from "../node/pod-cgroups.ts";

const Mi = 1024 * 1024;

const GUARANTEED = { limits: { cpu: "200m", memory: "64Mi" } };
const BURSTABLE = { requests: { cpu: "100m", memory: "32Mi" }, limits: { memory: "64Mi" } };

/** A score below its own needs CAP_SYS_RESOURCE: without it critter gives its own instead. */
function lowestScore({ daemon: { pid } }: KubeletNode, wanted: number): number {
  const capabilities = /^CapEff:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]!;
  const mayLower = (BigInt(`0x${capabilities}`) >> 24n) & 1n;
  return mayLower ? wanted : Math.max(wanted, Number(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8")));
}

export const features: readonly Feature[] = [
  {
    name: "requests and limits become the container's and the pod's cgroups",
    async run(node) {
      const containers = [
        { name: "limited", resources: GUARANTEED },
        { name: "requested", resources: BURSTABLE },
      ];
      await using pod = await node.pods.run("limits", { containers });
      const running = await pod.untilReady();
      assert.equal(running.status.qosClass, "Burstable");
      const cgroups = ["limited", "requested"].map((name) => containerCgroup(node, running, name));
      cgroups.push(podCgroup(node, running));
      assert.deepEqual(cgroups.map(limitsOf), [
        { memory: 64 * Mi, cpu: 0.2 },
        { memory: 64 * Mi, cpu: Infinity },
        { memory: 128 * Mi, cpu: Infinity },
      ]);
      for (const [at, shares] of [204, 102, 307].entries()) {
        const weight = Number(cpuShares(cgroups[at]!));
        assert.ok(weightsFor(shares).includes(weight), `${shares} shares are a weight of ${weight}`);
      }
    },
  },
  ...(
    [
      ["Guaranteed", GUARANTEED, -997],
      ["Burstable", BURSTABLE, undefined],
      ["BestEffort", {}, 1000],
    ] as const
  ).map(
    ([qos, resources, score]): Feature => ({
      name: `${qos}: its place among the cgroups, and its score for the OOM killer`,
      async run(node) {
        await using pod = await node.pods.run(qos.toLowerCase(), {
          containers: [{ name: "main", resources }],
        });
        const running = await pod.untilReady();
        assert.equal(running.status.qosClass, qos);
        assert.ok(exists(containerCgroup(node, running, "main")), containerCgroup(node, running, "main"));
        const given = Number(await pod.sh("main", "cat /proc/1/oom_score_adj"));
        if (score === undefined) assert.ok(given > 2 && given < 1000, `${given}`);
        else assert.equal(given, lowestScore(node, score));
      },
    }),
  ),
  {
    name: "limits of the pod, for all of its containers together",
    async run(node) {
      await using pod = await node.pods.run("pod-level", {
        resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "300m", memory: "96Mi" } },
        containers: [
          { name: "one" },
          { name: "other", resources: { limits: { cpu: "100m", memory: "32Mi" } } },
        ],
      });
      const running = await pod.untilReady();
      assert.equal(running.status.qosClass, "Burstable");
      const limits = limitsOf(podCgroup(node, running));
      assert.equal(limits.memory, 96 * Mi);
      assert.ok(Math.abs(limits.cpu - 0.3) < 1e-9, `${limits.cpu}`);
      assert.equal(limitsOf(containerCgroup(node, running, "other")).memory, 32 * Mi);
    },
  },
  {
    name: "a container that takes more memory than its limit is OOMKilled",
    async run({ pods }) {
      const container = (name: string, script: string) => ({
        name,
        command: sh(script),
        resources: { limits: { memory: "32Mi" } },
      });
      await using pod = await pods.run("greedy", {
        restartPolicy: "Never",
        containers: [container("greedy", "exec tail /dev/zero"), container("modest", "sleep 1")],
      });
      const greedy = await pod.untilTerminated("greedy");
      assert.deepEqual([greedy.reason, greedy.exitCode], ["OOMKilled", 137]);
      assert.equal((await pod.untilTerminated("modest")).reason, "Completed");
    },
  },
];
