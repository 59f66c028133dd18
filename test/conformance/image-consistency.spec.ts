import assert from "node:assert/strict";
import { type SpecContext, spec } from "./spec.ts";

const PREFIX = "Image Consistency:";
const REFERENCE = "gcr.io/k8s-staging-cri-tools/test-image-tag:test";

spec(`${PREFIX} should not list or get status of an image immediately after its removal`, async (cri) => {
  const id = await pullAfresh(cri);
  await cri.image.RemoveImage({ image: { image: id } });
  assert.equal(await isListed(cri, id), false);
  assert.equal(await cri.imageStatus(id), null);
  assert.equal(await cri.imageStatus(REFERENCE), null);
});

spec(`${PREFIX} should list and get status of an image immediately after pulling it`, async (cri) => {
  const id = await pullAfresh(cri);
  assert.ok(await isListed(cri, id));
  assert.equal((await cri.imageStatus(id))?.id, id);
});

spec(`${PREFIX} should handle simultaneous RemoveImage calls`, async (cri) => {
  const id = await pullAfresh(cri);
  const removals = Array.from({ length: 5 }, async () => {
    await cri.image.RemoveImage({ image: { image: id } });
    assert.equal(await cri.imageStatus(id), null, "it is gone when a call returns, whichever");
  });
  await Promise.all(removals);
  assert.equal(await isListed(cri, id), false);
});

async function pullAfresh(cri: SpecContext): Promise<string> {
  await cri.withoutImages(REFERENCE);
  return cri.pull(REFERENCE);
}

async function isListed(cri: SpecContext, id: string): Promise<boolean> {
  const { images } = await cri.image.ListImages();
  return images.some((image) => image.id === id);
}
