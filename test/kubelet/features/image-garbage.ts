/** Images that nobody uses: the kubelet removes them where the disk fills, when they are old enough, by critter's own figures. */
import assert from "node:assert/strict";
import { readFileSync, statfsSync } from "node:fs";
import { BUSYBOX, HTTPD, NGINX } from "../../support/configs.ts";
import { eventually } from "../../support/eventually.ts";
import { Scrape } from "../../support/prometheus-text.ts";
import type { Feature } from "../feature.ts";
import { KubeletNode } from "../node/kubelet-node.ts";
import { NodeDisk } from "../node/node-disk.ts";

const STAGING = "gcr.io/k8s-staging-cri-tools";
const UNUSED = [NGINX, HTTPD, `${STAGING}/test-image-1:latest`];
const PAUSE = "registry.k8s.io/pause:3.10.1";

/** Below a fifth of the disk there is pressure, and the kubelet looks every ten seconds. */
const PRESSURE = {
  evictionHard: { "imagefs.available": "20%", "nodefs.available": "20%", "memory.available": "0%" },
  evictionPressureTransitionPeriod: "1s",
};

/** Only the thresholds of the images' collection, which the kubelet makes every five minutes. */
const THRESHOLDS = {
  imageGCHighThresholdPercent: 80,
  imageGCLowThresholdPercent: 79,
  imageMinimumGCAge: "1s",
};

async function pull({ daemon }: KubeletNode, references: readonly string[]): Promise<void> {
  for (const image of references) await daemon.client.image.PullImage({ image: { image } });
}

/** Which of the references critter has. */
async function present({ daemon }: KubeletNode, references: readonly string[]): Promise<string[]> {
  const { images } = await daemon.client.image.ListImages();
  const tags = images.flatMap(({ repoTags }) => repoTags);
  return references.filter((reference) => tags.includes(reference));
}

async function removedImages({ kubelet }: KubeletNode): Promise<number> {
  const scrape = new Scrape(await kubelet.api.get("/metrics"));
  return scrape.sum("kubelet_image_garbage_collected_total", { reason: "space" });
}

export const features: readonly Feature[] = [
  {
    name: "under pressure unused images go; those in use, the pause image and young ones stay",
    async run({ registry }) {
      const young = { ...PRESSURE, imageMinimumGCAge: "1h" };
      using disk = new NodeDisk({ megabytes: 256 });
      await using node = await KubeletNode.start({
        registry,
        daemon: { prepare: disk.prepare },
        config: young,
      });
      await pull(node, UNUSED);
      await using running = await node.pods.run("busy", { containers: [{ name: "main" }] });
      // Its container has ended, and is there yet.
      const ended = {
        restartPolicy: "Never",
        containers: [{ name: "main", image: NGINX, command: ["true"] }],
      };
      await using used = await node.pods.run("ended", ended);
      await running.untilReady();
      await used.untilPhase("Succeeded");
      disk.fillBut(16);
      await eventually(() => {
        assert.match(readFileSync(node.kubelet.logFile, "utf8"), /Attempting to delete unused images/);
      }, 60);
      assert.deepEqual(await present(node, UNUSED), UNUSED);
      await node.kubelet.restart({ imageMinimumGCAge: "1s" });
      await eventually(async () => assert.deepEqual(await present(node, UNUSED.slice(1)), []), 90);
      assert.deepEqual(await present(node, [BUSYBOX, PAUSE]), [BUSYBOX, PAUSE]);
      assert.ok((await removedImages(node)) >= 2);
      assert.equal(await running.sh("main", "echo runs on"), "runs on");
      disk.empty();
      await pull(node, UNUSED);
      await running.untilReady();
    },
  },
  {
    name: "above the threshold the kubelet removes as many as it takes, and no more",
    long: true,
    async run({ registry }) {
      using disk = new NodeDisk({ megabytes: 256 });
      await using node = await KubeletNode.start({
        registry,
        daemon: { prepare: disk.prepare },
        config: THRESHOLDS,
      });
      await pull(node, UNUSED);
      await using running = await node.pods.run("busy", { containers: [{ name: "main" }] });
      await running.untilReady();
      // One percent above the high threshold, so that one image is enough.
      const { blocks, bsize } = statfsSync(disk.folder);
      disk.fillBut(Math.floor((blocks * bsize * 0.19) / 2 ** 20));
      await eventually(async () => assert.ok((await removedImages(node)) >= 1), 400);
      assert.notDeepEqual(await present(node, UNUSED), UNUSED);
      assert.deepEqual(await present(node, [BUSYBOX, PAUSE]), [BUSYBOX, PAUSE]);
    },
  },
];
