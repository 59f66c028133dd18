import assert from "node:assert/strict";
import { test } from "node:test";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { BUSYBOX, NGINX } from "../support/configs.ts";
import { startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";

test("images come, are used and go: what is listed, what is pinned, what they take", async () => {
  await ensureImages("base");
  await using registry = await Registry.start({ storage: storeFolder() });
  await using daemon = await startDaemon({ registry: registry.address });
  const { image, runtime } = daemon.client;
  const usage = async () => {
    const [used] = (await image.ImageFsInfo({})).imageFilesystems;
    return { bytes: Number(used?.usedBytes?.value), inodes: Number(used?.inodesUsed?.value) };
  };
  const tags = async () => (await image.ListImages({})).images.flatMap(({ repoTags }) => repoTags).sort();
  const empty = await usage();
  assert.deepEqual(await tags(), []);

  // The pause image is pulled by the first pod, and is not the kubelet's to collect.
  const pod = await livePod(daemon);
  const [pause] = (await image.ListImages({})).images;
  assert.match(pause?.repoTags[0] ?? "", /^registry\.k8s\.io\/pause:/);
  assert.equal(pause?.pinned, true);
  const withPause = await usage();

  const { imageRef } = await image.PullImage({ image: { image: NGINX } });
  const filled = await usage();
  const { image: nginx } = await image.ImageStatus({ image: { image: NGINX } });
  assert.equal(nginx?.id, imageRef);
  assert.equal(nginx?.pinned, false);
  assert.ok(Number(nginx?.size) > 1_000_000);
  assert.ok(filled.bytes - withPause.bytes > 1_000_000 && filled.inodes > withPause.inodes);
  assert.deepEqual((await image.ListImages({ filter: { image: { image: NGINX } } })).images, [nginx]);
  assert.deepEqual((await image.ListImages({ filter: { image: { image: BUSYBOX } } })).images, []);

  // A container goes on without its image's name, and the layers go with the container.
  const containerId = await pod.run({ image: { image: NGINX }, command: ["top"] });
  await image.RemoveImage({ image: { image: NGINX } });
  assert.deepEqual(await tags(), pause?.repoTags);
  assert.equal((await image.ImageStatus({ image: { image: imageRef } })).image, null);
  assert.equal(await pod.sh(containerId, "test -x /usr/sbin/nginx && echo still there"), "still there");
  assert.equal((await usage()).bytes >= filled.bytes, true);
  await assert.rejects(pod.create({ image: { image: NGINX } }), /nginx/);
  await daemon.kill();
  await daemon.start();
  assert.equal(await pod.sh(containerId, "echo after a restart too"), "after a restart too");
  await runtime.RemoveContainer({ containerId });
  await eventually(async () => assert.deepEqual(await usage(), withPause));

  // Nor does a removed pause image stop its pods; the next one pulls it again.
  await image.RemoveImage({ image: { image: pause!.id } });
  assert.equal((await pod.status()).state, "SANDBOX_READY");
  const next = await livePod(daemon);
  assert.deepEqual(await tags(), pause?.repoTags);
  for (const one of [pod, next]) await one[Symbol.asyncDispose]();
  await image.RemoveImage({ image: { image: pause!.id } });
  await image.RemoveImage({ image: { image: pause!.id } });
  await eventually(async () => assert.deepEqual(await usage(), empty));
});
