/** Pods that go because the disk is filling, or because they write more than they may. Only an API server's do: static ones stay. */
import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { Scrape } from "../../support/prometheus-text.ts";
import type { Feature } from "../feature.ts";
import { ApiNode } from "../node/api-node.ts";
import type { ApiPod } from "../node/api-pods.ts";
import type { KubeletConfiguration } from "../node/kubelet-config.ts";
import type { ContainerSpec } from "../node/kubernetes.ts";
import { emptyDir, mount, sh } from "../node/manifest.ts";
import { NodeDisk } from "../node/node-disk.ts";

const MIB = 1024 * 1024;

/** Below a fifth of the bytes or files there is pressure, told for ten seconds more: the kubelet's word on its node comes every two. */
const PRESSURE: KubeletConfiguration = {
  evictionHard: {
    "memory.available": "0%",
    ...{ "nodefs.available": "20%", "imagefs.available": "20%" },
    ...{ "nodefs.inodesFree": "20%", "imagefs.inodesFree": "20%" },
  },
  evictionPressureTransitionPeriod: "10s",
};

function untilEvicted(pod: ApiPod, why: RegExp): Promise<true> {
  return pod.until(
    `evicted ${why}`,
    ({ status: { phase, reason, message } }) => {
      return phase === "Failed" && reason === "Evicted" && why.test(message ?? "");
    },
    120,
  ) as Promise<true>;
}

const bytes = (file: string, mebibytes: number) => `head -c ${mebibytes * MIB} /dev/zero > ${file}`;

/** Ends with an error when it is told to end: the kubelet may call a pod succeeded that it has evicted, where all ended with 0. */
function main(script: string, fields: Partial<ContainerSpec> = {}): ContainerSpec {
  const command = sh(`${script}\ntrap "exit 143" TERM; sleep 1000000 & wait`);
  return { name: "main", command, ...fields };
}

/** Names of the pods that have a container that runs. */
async function runningPods({ node }: ApiNode): Promise<string[]> {
  const filter = { state: { state: "CONTAINER_RUNNING" as const } };
  const { containers } = await node.daemon.client.runtime.ListContainers({ filter });
  return containers.map(({ labels }) => labels["io.kubernetes.pod.name"] ?? "");
}

type Usage = "usedBytes" | "inodesUsed";

interface Summary {
  pods: { podRef: { name: string }; containers: { rootfs?: Partial<Record<Usage, number>> }[] }[];
}

/** What the only container of a pod has written, as the kubelet knows it. */
async function usage({ node }: ApiNode, { name }: ApiPod, what: Usage): Promise<number> {
  const { pods } = (await node.kubelet.api.summary()) as unknown as Summary;
  const found = pods.find(({ podRef }) => podRef.name === name);
  return found?.containers[0]?.rootfs?.[what] ?? 0;
}

interface Pressure {
  disk: { megabytes: number; inodes?: number };
  /** What is left of the disk, in MiB or files, when it has been filled. */
  left: number;
  /** What takes so much that its end is the end of the pressure. */
  greedy: string;
  /** So much, in bytes or files. */
  taken: number;
  why: RegExp;
}

/** The pod that takes most is evicted, nothing of it runs on, and what it wrote is given back before another one has to go. */
function underPressure(name: string, { disk: options, left, greedy, taken, why }: Pressure): Feature {
  return {
    name,
    async run({ registry }) {
      using disk = new NodeDisk(options);
      await using node = await ApiNode.start({
        registry,
        daemon: { prepare: disk.prepare },
        config: PRESSURE,
      });
      await using fixed = await node.node.pods.run("static", { containers: [{ name: "main" }] });
      await fixed.untilReady();
      const written = (pod: ApiPod) => usage(node, pod, options.inodes ? "inodesUsed" : "usedBytes");
      await using modest = await node.create("modest", { containers: [{ name: "main" }] });
      await using eater = await node.create("eater", { containers: [main(greedy)] });
      for (const pod of [modest, eater]) await pod.untilPhase("Running");
      await eventually(async () => assert.equal(await node.condition("DiskPressure"), "False"));
      // The kubelet chooses by what critter has measured.
      await eventually(async () => assert.ok((await written(eater)) >= taken), 60);
      disk.fillBut(left);
      await untilEvicted(eater, why);
      await eventually(async () => assert.equal(await node.condition("DiskPressure"), "True"));
      await eventually(async () => assert.ok(!(await runningPods(node)).includes(eater.name)));
      await eventually(async () => assert.equal(await node.condition("DiskPressure"), "False"), 60);
      await modest.untilPhase("Running");
      await fixed.untilReady();
      disk.empty();
      await using fresh = await node.create("fresh", { containers: [{ name: "main" }] });
      await fresh.untilPhase("Running");
      const scrape = new Scrape(await node.node.kubelet.api.get("/metrics"));
      assert.equal(scrape.sum("kubelet_evictions"), 1);
    },
  };
}

export const features: readonly Feature[] = [
  underPressure("when bytes run out, the pod that takes most goes, and no other", {
    disk: { megabytes: 256 },
    left: 24,
    greedy: bytes("/tmp/file", 48),
    taken: 48 * MIB,
    why: /low on resource: ephemeral-storage/,
  }),
  underPressure("when inodes run out, the pod that takes most goes, and no other", {
    disk: { megabytes: 256, inodes: 20_000 },
    left: 2000,
    greedy: "mkdir /tmp/many; cd /tmp/many; seq 4000 | xargs touch",
    taken: 4000,
    why: /low on resource: inodes/,
  }),
  {
    name: "limits of ephemeral-storage, of a container and its pod, and of an emptyDir",
    async run({ registry }) {
      await using node = await ApiNode.start({ registry });
      const limits = (size: string) => ({ resources: { limits: { "ephemeral-storage": size } } });
      await using within = await node.create("within", {
        volumes: [emptyDir("data", { sizeLimit: "8Mi" })],
        containers: [
          main(`${bytes("/tmp/file", 2)}; ${bytes("/data/file", 2)}`, {
            ...limits("8Mi"),
            volumeMounts: [mount("data", "/data")],
          }),
        ],
      });
      await using container = await node.create("container", {
        containers: [main(bytes("/tmp/file", 8), limits("4Mi")), { name: "other", ...limits("64Mi") }],
      });
      await using whole = await node.create("whole", {
        volumes: [emptyDir("data")],
        containers: [
          main(bytes("/data/file", 12), { ...limits("4Mi"), volumeMounts: [mount("data", "/data")] }),
          { name: "other", ...limits("4Mi") },
        ],
      });
      await using volume = await node.create("volume", {
        volumes: [emptyDir("data", { sizeLimit: "4Mi" })],
        containers: [main(bytes("/data/file", 8), { volumeMounts: [mount("data", "/data")] })],
      });
      await untilEvicted(container, /Container main exceeded its local ephemeral storage limit "4Mi"/);
      await untilEvicted(
        whole,
        /Pod ephemeral local storage usage exceeds the total limit of containers 8Mi/,
      );
      await untilEvicted(volume, /Usage of EmptyDir volume "data" exceeds the limit "4Mi"/);
      const { status } = await within.untilPhase("Running");
      assert.equal(status.containerStatuses?.[0]?.restartCount, 0);
    },
  },
];
