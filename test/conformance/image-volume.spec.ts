import assert from "node:assert/strict";
import type { Mount } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { outcome } from "../support/cri.ts";
import { SLOW } from "../support/slow.ts";
import { type Pod, type SpecContext, spec } from "./spec.ts";

const PREFIX = "Image Volume:";
const IMAGE = "gcr.io/k8s-staging-cri-tools/test-image-tag:test";
const PATH = "/mnt/image-volume";

spec(`${PREFIX} should return image digest in ContainerStatus mounts`, async (cri) => {
  const volume = await prepare(cri);
  const container = await volume.create();
  const { mounts } = await cri.containerStatus(container);
  const found = mounts.filter(({ containerPath }) => containerPath === PATH);
  assert.equal(found.length, 1);
  assert.equal(found[0]?.image?.imageRef, volume.imageRef);
});

spec(`${PREFIX} should correctly mount image and enforce read-only`, async (cri) => {
  const container = await (await prepare(cri)).run();
  assert.equal(await cri.exec(container, "ls", "-A", `${PATH}/bin/sh`), `${PATH}/bin/sh\n`);
  assert.notEqual(await exitCode(cri, container, "touch", `${PATH}/test-write`), 0);
  assert.equal(await exitCode(cri, container, `${PATH}/bin/ls`, PATH), 0, "programs can be run");
});

spec(`${PREFIX} should reject Image Volume with Readonly set to false`, async (cri) => {
  const volume = await prepare(cri);
  assert.equal(await outcome(volume.create({ readonly: false })), "INVALID_ARGUMENT");
});

spec(`${PREFIX} subPath should succeed when using a valid subPath`, async (cri) => {
  const container = await (await prepare(cri)).run({ imageSubPath: "etc" });
  assert.notEqual(await exitCode(cri, container, "ls", `${PATH}/etc/passwd`), 0);
  assert.equal(await exitCode(cri, container, "ls", `${PATH}/passwd`), 0);
});

spec(`${PREFIX} subPath should fail when subPath does not exist in the image`, async (cri) => {
  const volume = await prepare(cri);
  const message = /ImageVolumeMountFailed.*"not-existing"/;
  await assert.rejects(volume.create({ imageSubPath: "not-existing" }), { message });
});

interface Volume {
  imageRef: string;
  /** Creates a container of the image that has the image as volume too. */
  create(changes?: Init<Mount>): Promise<string>;
  /** The same, started. */
  run(changes?: Init<Mount>): Promise<string>;
}

async function prepare(cri: SpecContext): Promise<Volume> {
  const imageRef = await cri.pull(IMAGE);
  const pod: Pod = await cri.runPod();
  const image = { image: imageRef, userSpecifiedImage: IMAGE };
  const config = (changes: Init<Mount> = {}) => ({
    image,
    mounts: [{ containerPath: PATH, readonly: true, image, ...changes }],
  });
  return {
    imageRef,
    create: (changes) => cri.createContainer(pod, config(changes)),
    run: (changes) => cri.runContainer(pod, config(changes)),
  };
}

async function exitCode(cri: SpecContext, containerId: string, ...cmd: string[]): Promise<number> {
  return (await cri.runtime.ExecSync({ containerId, cmd, timeout: 10 * SLOW })).exitCode;
}
