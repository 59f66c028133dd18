/** Volumes that are images. */
import assert from "node:assert/strict";
import type { Feature } from "../feature.ts";
import { mount } from "../node/manifest.ts";

/** busybox and a file, named and filled as its tag. */
const IMAGE = "gcr.io/k8s-staging-cri-tools/test-image-latest:latest";

const image = (reference: string, pullPolicy = "IfNotPresent") => ({
  name: "image",
  image: { reference, pullPolicy },
});

export const features: readonly Feature[] = [
  {
    name: "an image's files, read-only, for several containers",
    async run({ pods }) {
      const volumeMounts = [mount("image", "/image")];
      await using pod = await pods.run("image", {
        volumes: [image(IMAGE)],
        containers: ["one", "other"].map((name) => ({ name, volumeMounts })),
      });
      await pod.untilReady();
      for (const name of ["one", "other"]) assert.equal(await pod.sh(name, "cat /image/latest"), "latest");
      assert.match(await pod.sh("one", "touch /image/x 2>&1 || true"), /Read-only/);
    },
  },
  {
    name: "a folder of an image (subPath)",
    async run({ pods }) {
      await using pod = await pods.run("image", {
        volumes: [image(IMAGE, "Always")],
        containers: [{ name: "main", volumeMounts: [mount("image", "/etc-of-image", { subPath: "etc" })] }],
      });
      await pod.untilReady();
      assert.match(await pod.sh("main", "cat /etc-of-image/passwd"), /^root:/);
    },
  },
  {
    name: "a subPath that the image has not is told, and the container not made",
    async run({ pods }) {
      await using pod = await pods.run("image", {
        volumes: [image(IMAGE)],
        containers: [
          { name: "main", volumeMounts: [mount("image", "/image", { subPath: "no/such/folder" })] },
        ],
      });
      const { message } = await pod.untilContainer("main", "refused", ({ state: { waiting } }) => {
        return waiting?.reason === "CreateContainerError" && waiting;
      });
      assert.match(message ?? "", /no\/such\/folder/);
    },
  },
  {
    name: "an image that cannot be had keeps the container waiting, and says so",
    async run({ pods }) {
      await using pod = await pods.run("image", {
        volumes: [image("registry.k8s.io/no-such-volume:1")],
        containers: [{ name: "main", volumeMounts: [mount("image", "/image")] }],
      });
      const { message } = await pod.untilContainer("main", "waiting", ({ state: { waiting } }) => {
        return /^(ErrImagePull|ImagePullBackOff)$/.test(waiting?.reason ?? "") && waiting;
      });
      assert.match(message ?? "", /no-such-volume/);
    },
  },
];
