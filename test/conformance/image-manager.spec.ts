import assert from "node:assert/strict";
import { storedImages } from "../images/store.ts";
import { outcome } from "../support/cri.ts";
import { type SpecContext, spec } from "./spec.ts";

const PREFIX = "Image Manager:";
const STAGING = "gcr.io/k8s-staging-cri-tools";
const TAGS = ["1", "2", "3"].map((tag) => `${STAGING}/test-image-tags:${tag}`);

spec(`${PREFIX} public image with tag should be pulled and removed`, async (cri) => {
  await assertPulledAndRemoved(cri, `${STAGING}/test-image-tag:test`, async (image) => {
    assert.deepEqual(image.repoTags, [`${STAGING}/test-image-tag:test`]);
  });
});

spec(`${PREFIX} public image should timeout if requested`, async (cri) => {
  await cri.withoutImages(TAGS[0]!);
  const pull = cri.image.PullImage({ image: { image: TAGS[0]! } }, { timeout: 1 });
  assert.equal(await outcome(pull), "DEADLINE_EXCEEDED");
  assert.equal(await outcome(cri.runtime.Version()), "OK", "the runtime goes on serving");
});

spec(`${PREFIX} public image without tag should be pulled and removed`, async (cri) => {
  await assertPulledAndRemoved(cri, `${STAGING}/test-image-latest`, async (image) => {
    assert.deepEqual(image.repoTags, [`${STAGING}/test-image-latest:latest`]);
  });
});

spec(`${PREFIX} public image with digest should be pulled and removed`, async (cri) => {
  const stored = await storedImages("base");
  const { digest } = stored.find(({ reference }) => reference === `${STAGING}/test-image-digest:latest`)!;
  const reference = `${STAGING}/test-image-digest@${digest}`;
  await assertPulledAndRemoved(cri, reference, async (image) => {
    assert.deepEqual(image.repoTags, []);
    assert.deepEqual(image.repoDigests, [reference]);
  });
});

spec(`${PREFIX} image status should support all kinds of references`, async (cri) => {
  await assertPulledAndRemoved(cri, `${STAGING}/test-image-tag:all`, async (image) => {
    for (const reference of [image.id, ...image.repoTags, ...image.repoDigests]) {
      assert.deepEqual(await cri.imageStatus(reference), image, `status by ${reference}`);
    }
  });
});

const users: [name: string, uid: number | undefined, username: string][] = [
  ["user-uid", 1002, ""],
  ["user-username", undefined, "www-data"],
  ["user-uid-group", 1003, ""],
  ["user-username-group", undefined, "www-data"],
];

spec(`${PREFIX} image status get image fields should not have Uid|Username empty`, async (cri) => {
  for (const [name, uid, username] of users) {
    await assertPulledAndRemoved(cri, `${STAGING}/test-image-${name}`, async (image) => {
      assert.equal(image.uid?.value || undefined, uid, `uid of ${name}`);
      assert.equal(image.username, username, `username of ${name}`);
    });
  }
});

spec(`${PREFIX} listImage should get exactly 3 image in the result list`, async (cri) => {
  const references = ["1", "2", "3"].map((number) => `${STAGING}/test-image-${number}:latest`);
  await cri.withoutImages(...references);
  const ids = new Set<string>();
  for (const reference of references) ids.add(await cri.pull(reference));
  assert.equal(ids.size, 3);
  const { images } = await cri.image.ListImages();
  for (const reference of references) {
    const found = images.filter(({ repoTags }) => repoTags.includes(reference));
    assert.equal(found.length, 1, `images with the tag ${reference}`);
    assert.deepEqual(found[0]!.repoTags, [reference]);
    assert.ok(ids.has(found[0]!.id));
  }
});

spec(`${PREFIX} listImage should get exactly 3 repoTags in the result image`, async (cri) => {
  const image = await pullThreeTags(cri);
  assert.deepEqual([...image.repoTags].sort(), TAGS);
});

spec(`${PREFIX} removing image by one tag should remove all tags`, async (cri) => {
  const image = await pullThreeTags(cri);
  await cri.image.RemoveImage({ image: { image: image.id } });
  for (const reference of [...TAGS, image.id])
    assert.equal(await cri.imageStatus(reference), null, reference);
});

spec(
  `${PREFIX} removing image from one registry should remove all tags from other registries`,
  async (cri) => {
    const references = ["registry.k8s.io/pause:3.9", "k8s.gcr.io/pause:3.9"];
    await cri.withoutImages(...references);
    const ids = [await cri.pull(references[0]!), await cri.pull(references[1]!)];
    assert.equal(ids[0], ids[1]);
    const image = await cri.imageStatus(ids[0]!);
    assert.deepEqual([...(image?.repoTags ?? [])].sort(), references.toSorted());
    await cri.image.RemoveImage({ image: { image: image!.id } });
    for (const reference of references) assert.equal(await cri.imageStatus(reference), null, reference);
  },
);

type Image = NonNullable<Awaited<ReturnType<SpecContext["imageStatus"]>>>;

async function pullThreeTags(cri: SpecContext): Promise<Image> {
  await cri.withoutImages(...TAGS);
  const ids = new Set<string>();
  for (const tag of TAGS) ids.add(await cri.pull(tag));
  assert.equal(ids.size, 1, "three tags of one image");
  const { images } = await cri.image.ListImages();
  const found = images.filter(({ id }) => ids.has(id));
  assert.equal(found.length, 1);
  return found[0]!;
}

/** Pulls an image that is absent, looks at it, removes it by its id and sees that it is gone. */
async function assertPulledAndRemoved(
  cri: SpecContext,
  reference: string,
  look: (image: Image) => Promise<void>,
): Promise<void> {
  await cri.withoutImages(reference);
  await cri.pull(reference);
  const image = await cri.imageStatus(reference);
  assert.ok(image, `${reference} is there after its pull`);
  assert.notEqual(image.id, "");
  assert.ok(Number(image.size) > 0, "an image has a size");
  await look(image);
  await cri.image.RemoveImage({ image: { image: image.id } });
  assert.equal(await cri.imageStatus(reference), null);
}
