import assert from "node:assert/strict";
import { type SpecContext, spec } from "./spec.ts";

const PREFIX = "Image Identifier Consistency: should use the same image identifier";

spec(`${PREFIX} across all APIs`, async (cri) => {
  const reference = "gcr.io/k8s-staging-cri-tools/test-image-tag:test";
  await cri.withoutImages(reference);
  const imageRef = await cri.pull(reference);
  assert.equal((await cri.imageStatus(reference))?.id, imageRef);
  await assertContainerNames(cri, imageRef, reference);
});

spec(`${PREFIX} when an image is pulled from different registries`, async (cri) => {
  const references = ["registry.k8s.io/pause:3.9", "k8s.gcr.io/pause:3.9"];
  await cri.withoutImages(...references);
  const imageRef = await cri.pull(references[0]!);
  assert.equal(await cri.pull(references[1]!), imageRef);
  for (const reference of references) assert.equal((await cri.imageStatus(reference))?.id, imageRef);
  await assertContainerNames(cri, imageRef, references[0]!);
});

/** Starts a container of the image by its id, with the image's own command, and reads the id from both answers. */
async function assertContainerNames(cri: SpecContext, imageRef: string, name: string): Promise<void> {
  const pod = await cri.runPod();
  const image = { image: imageRef, userSpecifiedImage: name };
  const id = await cri.createContainer(pod, { image, command: [] });
  await cri.runtime.StartContainer({ containerId: id });
  assert.equal((await cri.containerStatus(id)).imageId, imageRef, "ContainerStatus.image_id");
  const { containers } = await cri.runtime.ListContainers({ filter: { id } });
  assert.equal(containers[0]?.imageId, imageRef, "Container.image_id");
  await cri.runtime.RemoveContainer({ containerId: id });
}
