import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ensureImages, storedImages } from "../images/store.ts";
import { startProxy } from "../registry/proxy.ts";
import { BUSYBOX } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { countResources } from "../support/resources.ts";
import { suite } from "../support/suite.ts";

const parts = suite();

/** Its one layer no image has that was pulled before. */
const PAUSE = "registry.k8s.io/pause:3.9";
const OTHER = "gcr.io/k8s-staging-cri-tools/test-image-1:latest";

async function pull(image: string): Promise<string> {
  return (await parts.daemon.client.image.PullImage({ image: { image } })).imageRef;
}

async function present(image: string) {
  return (await parts.daemon.client.image.ImageStatus({ image: { image } })).image;
}

async function remove(image: string): Promise<void> {
  await parts.daemon.client.image.RemoveImage({ image: { image } });
}

async function usedBytes(): Promise<number> {
  const { imageFilesystems } = await parts.daemon.client.image.ImageFsInfo({});
  return Number(imageFilesystems[0]?.usedBytes?.value);
}

/** Has `name` pulled from `location`; registries.conf is read anew without a restart. */
function addRegistry(name: string, ...locations: string[]): void {
  const [location, ...mirrors] = locations.reverse();
  const text = (where: string) => `location = "${where}"\ninsecure = true\n`;
  const tables = mirrors.reverse().map((mirror) => `[[registry.mirror]]\n${text(mirror)}`);
  const file = join(parts.daemon.folder, "registries.conf");
  appendFileSync(file, `\n[[registry]]\nprefix = "${name}"\n${text(location!)}${tables.join("")}`);
}

test("by tag, digest, both, a short name and another registry's name it is one image", async () => {
  await ensureImages("base");
  const stored = await storedImages("base");
  const { digest } = stored.find(({ reference }) => reference === PAUSE)!;
  const name = "registry.k8s.io/pause";
  const id = await pull(PAUSE);
  assert.equal(await pull(`${name}@${digest}`), id);
  assert.equal(await pull(`${name}:3.9@${digest}`), id);
  assert.equal(await pull("k8s.gcr.io/pause:3.9"), id);
  const image = await present(id);
  assert.deepEqual(image?.repoTags.toSorted(), ["k8s.gcr.io/pause:3.9", PAUSE]);
  assert.deepEqual(image?.repoDigests.toSorted(), [`k8s.gcr.io/pause@${digest}`, `${name}@${digest}`]);
  assert.equal(image?.uid?.value, 65_535);
  for (const other of [id, `sha256:${id.replace("sha256:", "")}`, `${name}@${digest}`])
    assert.equal((await present(other))?.id, image?.id);
  await remove(PAUSE);
  assert.equal(await present(id), null);

  const short = await pull("busybox");
  assert.equal(short, (await present(BUSYBOX))?.id, "the same image stands under Docker Hub's name");
  assert.ok((await present("busybox"))?.repoTags.includes("docker.io/library/busybox:latest"));
});

test("an index is resolved to this machine's platform, Docker's list as well as OCI's", async () => {
  const { image } = parts.daemon.client;
  for (const name of ["registry.k8s.io/pause:3.10", BUSYBOX]) {
    await pull(name);
    const { info } = await image.ImageStatus({ image: { image: name }, verbose: true });
    const { imageSpec, manifestDigest } = JSON.parse(info.info!);
    assert.equal(imageSpec.architecture, "amd64", name);
    const { digest } = (await storedImages("base")).find(({ reference }) => reference === name)!;
    assert.notEqual(manifestDigest, digest);
    assert.ok((await present(name))?.repoDigests[0]?.endsWith(digest), "it is known by the list's digest");
  }
  await remove("registry.k8s.io/pause:3.10");
});

test("a digest that is another image's, a tag that is not there, a registry that is down", async () => {
  const wrong = `sha256:${"0".repeat(64)}`;
  assert.equal(await outcome(pull(`registry.k8s.io/pause@${wrong}`)), "NOT_FOUND");
  assert.equal(await outcome(pull("registry.k8s.io/pause:no-such-tag")), "NOT_FOUND");
  assert.equal(await outcome(pull("registry.k8s.io/Pause:3.9")), "INVALID_ARGUMENT");
  assert.equal(await outcome(pull("")), "INVALID_ARGUMENT");
  addRegistry("down.test", "127.0.0.1:1");
  // By this word the kubelet knows that it is not the image's fault.
  await assert.rejects(pull("down.test/pause:3.9"), /RegistryUnavailable: .*down\.test/);
});

test("a mirror that is down is passed over", async () => {
  addRegistry("half.test", "127.0.0.1:1", `${parts.registry.address}/registry.k8s.io`);
  const id = await pull("half.test/pause:3.9");
  assert.deepEqual((await present(id))?.repoTags, ["half.test/pause:3.9"]);
  await remove(id);
});

test("pulls of one image at the same time share one download", async () => {
  await using proxy = await startProxy(parts.registry.address);
  addRegistry("counted.test", `${proxy.address}/gcr.io/k8s-staging-cri-tools`);
  const name = "counted.test/test-image-tags:1";
  const ids = await Promise.all([name, name, name, name].map(pull));
  assert.equal(new Set(ids).size, 1);
  const got = proxy.requests.filter((request) => request.startsWith("GET "));
  assert.ok(got.length > 0);
  assert.equal(new Set(got).size, got.length, got.join("\n"));
  await remove(ids[0]!);
});

test("a layer that is not what its digest says fails the pull, and nothing of it counts", async () => {
  const before = [await countResources(parts.daemon), await usedBytes()];
  const spoil = (path: string, body: Buffer) =>
    path.includes("/blobs/") && body[0] === 0x1f ? Buffer.concat([body.subarray(0, -1), Buffer.of(7)]) : body;
  await using proxy = await startProxy(parts.registry.address, spoil);
  addRegistry("spoilt.test", `${proxy.address}/gcr.io/k8s-staging-cri-tools`);
  const name = "spoilt.test/test-image-1:latest";
  await assert.rejects(pull(name), /digest/);
  assert.equal(await present(name), null);
  await eventually(async () =>
    assert.deepEqual([await countResources(parts.daemon), await usedBytes()], before),
  );
  await pull(OTHER);
  await remove(OTHER);
});
