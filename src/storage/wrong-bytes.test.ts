import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { artifact } from "../../test/images/artifact.ts";
import type { BuiltImage } from "../../test/images/image.ts";
import { rawImage } from "../../test/images/raw-image.ts";
import { rawTar } from "../../test/images/raw-tar.ts";
import { type ServedImage, serveImages } from "../../test/registry/image-server.ts";
import { clientOf } from "../../test/registry/scripted-image.ts";
import { redirectLog } from "../log.ts";
import type { RegistryClient } from "../registry/client.ts";
import { file, layersOf, newRoot, open, useTestBed } from "./test-bed.test.ts";

useTestBed();

/** Large enough for the unfinished blob to be kept. */
const LARGE = 9_000_000;
const NAME = "image.test/app:latest";

function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, word = seed; at < length; at += 4) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(word, at);
  }
  return bytes;
}

const large = noise(LARGE, 1);
const layered = () =>
  rawImage({
    layers: [rawTar([file("base")]), rawTar([file("large", large)]), rawTar([file("top")])],
    compress: (bytes) => bytes,
  });

/** The same bytes but for one in the middle. */
function spoilt(body: Buffer): Buffer {
  const other = Buffer.from(body);
  other[other.length >> 1]! ^= 0x55;
  return other;
}

/** The image as a server has it that sends other bytes for these of its blobs. */
function lying(image: BuiltImage, ...numbers: number[]): ServedImage {
  const lies = numbers.map((number) => image.blobs[number]!);
  return { ...image, lies: Object.fromEntries(lies.map(({ digest, body }) => [digest, spoilt(body)])) };
}

/** Servers of the same image, mirrors first, a client that pulls by them, a storage, and what it warns of. */
async function bedOf(t: TestContext, ...images: ServedImage[]) {
  const served = images.map((image) => new Map([["app", image]]));
  const servers = await Promise.all(served.map((map) => serveImages(map)));
  const client = clientOf(servers, { rounds: 1 });
  const root = newRoot();
  const { storage, close } = await open(root, { registry: client });
  const warnings: Record<string, unknown>[] = [];
  const restoreLog = redirectLog((line) => {
    const entry = JSON.parse(line);
    if (entry.level === "warn") warnings.push(entry);
  });
  t.after(async () => {
    restoreLog();
    for (const user of readdirSync(join(root, "overlay-containers"))) storage.rootfs.removeRootfs(user);
    await close();
    await client[Symbol.asyncDispose]();
    for (const server of servers) await server[Symbol.asyncDispose]();
  });
  const left = async () => {
    await storage.idle();
    const unfinished = readdirSync(join(root, "blobs"), { recursive: true });
    return {
      layers: layersOf(root).length,
      unfinished,
      bytes: storage.images.list().length ? 0 : storage.usage().bytes,
    };
  };
  const read = (path: string) =>
    readFileSync(join(storage.rootfs.mountRootfs("c1", storage.images.get(NAME).id), path));
  const blobsAsked = (index: number) => servers[index]!.requests.filter((line) => line.includes("/blobs/"));
  return { served, servers, client, storage, warnings, left, read, blobsAsked };
}

test("a layer of other bytes is asked for at the next endpoint; the bad one is passed over from then on", async (t) => {
  const image = layered();
  const { storage, servers, warnings, left, read, blobsAsked } = await bedOf(t, lying(image, 1), image);
  await storage.pull(NAME);
  assert.deepEqual(read("large"), large);
  assert.equal(read("top").toString(), "top");
  assert.deepEqual(await left(), { layers: 3, unfinished: ["sha256"], bytes: 0 });
  const { digest, body } = image.blobs[1]!;
  const wrong = `sha256:${createHash("sha256").update(spoilt(body)).digest("hex")}`;
  assert.equal(warnings.length, 1);
  assert.equal(warnings[0]!.endpoint, `${servers[0]!.address}/app`);
  assert.equal(warnings[0]!.blob, digest);
  assert.match(String(warnings[0]!.problem), new RegExp(wrong));
  const ofWrong = (index: number) => blobsAsked(index).filter((line) => line.endsWith(digest)).length;
  assert.deepEqual([ofWrong(0), ofWrong(1)], [1, 1]);
});

test("a bad endpoint is asked for nothing else of the same pull, and again by the next", async (t) => {
  const image = layered();
  // The configuration comes before the layers.
  const { storage, blobsAsked, warnings } = await bedOf(t, lying(image, 3), image);
  const { id } = await storage.pull(NAME);
  assert.equal(blobsAsked(0).length, 1);
  assert.equal(blobsAsked(1).length, 4);
  assert.equal(warnings.length, 1);
  storage.images.remove(storage.images.get(id));
  await storage.pull(NAME);
  assert.equal(blobsAsked(0).length, 2);
});

test("bytes that are wrong everywhere fail the pull, and leave nothing", async (t) => {
  const image = layered();
  const bad = lying(image, 1);
  const { storage, warnings, left } = await bedOf(t, bad, bad);
  await assert.rejects(storage.pull(NAME), {
    code: status.DATA_LOSS,
    message: /^image image.test\/app:latest: layer sha256:\w+: what the registry sent has the digest sha256:/,
  });
  assert.equal(warnings.length, 2);
  assert.deepEqual(await left(), { layers: 0, unfinished: ["sha256"], bytes: 0 });
});

test("where the others do not answer, the error has both causes", async (t) => {
  const image = layered();
  const { storage, servers, left } = await bedOf(t, lying(image, 1), image);
  await servers[1]![Symbol.asyncDispose]();
  await assert.rejects(storage.pull(NAME), {
    code: status.DATA_LOSS,
    message:
      /cannot pull blob sha256:\w+ of .*\/app: what the registry sent has the digest sha256.*ECONNREFUSED/,
  });
  assert.deepEqual(await left(), { layers: 0, unfinished: ["sha256"], bytes: 0 });
});

test("more bytes than there are, and bytes that are no archive, are the endpoint's fault too", async (t) => {
  const image = layered();
  const { digest, body } = image.blobs[1]!;
  for (const lie of [Buffer.concat([body, body]), Buffer.alloc(body.length, "x")]) {
    const mirror = { ...image, lies: { [digest]: lie }, chunked: true };
    const { storage, warnings, left, read } = await bedOf(t, mirror, image);
    await storage.pull(NAME);
    assert.deepEqual(read("large"), large);
    assert.equal(warnings.length, 1);
    assert.deepEqual(await left(), { layers: 3, unfinished: ["sha256"], bytes: 0 });
  }
});

test("an image that contradicts itself is nobody's fault", async (t) => {
  const image = rawImage({ layers: [rawTar([file("x")])], diffIds: [`sha256:${"1".repeat(64)}`] });
  const { storage, warnings, blobsAsked } = await bedOf(t, image, image);
  await assert.rejects(storage.pull(NAME), { code: status.DATA_LOSS, message: /diff ID/ });
  assert.equal(warnings.length, 0);
  assert.equal(blobsAsked(1).length, 0);
});

test("a file of an artifact is asked for at the next endpoint as well", async (t) => {
  const image = artifact({ files: [{ title: "large", content: large }] });
  const { storage, left } = await bedOf(t, lying(image, 0), image);
  await storage.pull(NAME, { wanted: "artifacts" });
  assert.deepEqual(await left(), { layers: 1, unfinished: ["sha256"], bytes: 0 });
});

/** Breaks off the first transfer of a large layer after `bytes`. */
function breakOff(t: TestContext, client: RegistryClient, bytes: number): number[] {
  const { blob } = client;
  const offsets: number[] = [];
  t.mock.method(client, "blob", async (...args: Parameters<RegistryClient["blob"]>) => {
    const stream = await blob.apply(client, args);
    if (args[1].size < LARGE) return stream;
    offsets.push(args[2]!.offset!);
    if (offsets.length > 1) return stream;
    let length = 0;
    stream.on("data", (chunk) => {
      length += chunk.length;
      if (length > bytes) stream.destroy(new Error("cable cut"));
    });
    stream.pause();
    return stream;
  });
  return offsets;
}

test("what an earlier pull has left of a wrong blob is thrown away, and the blob fetched whole", async (t) => {
  const image = layered();
  const { storage, served, client, left, read, warnings } = await bedOf(t, lying(image, 1));
  const offsets = breakOff(t, client, 6_000_000);
  await assert.rejects(storage.pull(NAME), /cable cut/);
  assert.ok(storage.usage().bytes > 5_000_000);
  served[0]!.set("app", image);
  await storage.pull(NAME);
  assert.deepEqual(read("large"), large);
  assert.equal(offsets[0], 0);
  assert.ok(offsets[1]! > 5_000_000);
  assert.deepEqual(offsets.slice(2), [0]);
  // Nobody knows whose fault it was: no endpoint is passed over.
  assert.equal(warnings.length, 1);
  assert.equal(warnings[0]!.endpoint, undefined);
  assert.deepEqual(await left(), { layers: 3, unfinished: ["sha256"], bytes: 0 });
});

test("a blob that is wrong again after that fails the pull", async (t) => {
  const image = layered();
  const { storage, client, left } = await bedOf(t, lying(image, 1));
  const offsets = breakOff(t, client, 6_000_000);
  await assert.rejects(storage.pull(NAME), /cable cut/);
  await assert.rejects(storage.pull(NAME), { code: status.DATA_LOSS, message: /has the digest sha256/ });
  assert.ok(offsets[1]! > 5_000_000);
  assert.deepEqual(offsets.slice(2), [0]);
  assert.deepEqual(await left(), { layers: 0, unfinished: ["sha256"], bytes: 0 });
});
