import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { BuiltImage } from "../../test/images/image.ts";
import { rawImage } from "../../test/images/raw-image.ts";
import { rawTar } from "../../test/images/raw-tar.ts";
import type { RegistryClient } from "../registry/client.ts";
import { client, file, fresh, image, layersOf, push, registry, useTestBed } from "./test-bed.test.ts";

useTestBed();

/** Slow enough to be interfered with: the layer comes in pieces that wait for a word. */
function holdBack(t: TestContext): { opened: string[]; go: () => void } {
  const opened: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { blob } = client;
  t.mock.method(client, "blob", async (...args: Parameters<RegistryClient["blob"]>) => {
    const [, descriptor, options] = args;
    if (!descriptor.mediaType.includes("layer")) return blob.apply(client, args);
    opened.push(`${descriptor.digest} from ${options?.offset}`);
    await Promise.race([
      gate.promise,
      new Promise((_, reject) =>
        options?.signal?.addEventListener("abort", () => reject(options.signal!.reason)),
      ),
    ]);
    return blob.apply(client, args);
  });
  return { opened, go: () => gate.resolve() };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("who asks for what is being pulled waits for it; progress can be seen meanwhile", async (t) => {
  const { storage, root } = await fresh(t);
  await push("shared", "x", image([file("common")]));
  await push("shared", "y", image([file("common")], [file("more")]));
  const name = `${registry.address}/shared`;
  const { opened, go } = holdBack(t);
  const pulls = [`${name}:x`, `${name}:x`, `${name}:y`].map((text) => storage.pull(text));
  await until(() => opened.length === 2);
  const progress = storage.pullProgress(`${name}:y`)!;
  assert.deepEqual(
    progress.layers.map(({ state }) => state),
    ["downloading", "downloading"],
  );
  assert.equal(storage.images.find(`${name}:x`), undefined);
  go();
  const [first, second, third] = await Promise.all(pulls);
  assert.equal(first, second);
  assert.equal(third!.layers[0], first!.layers[0]);
  assert.equal(opened.length, 2);
  assert.equal(layersOf(root).length, 2);
  assert.equal(storage.pullProgress(`${name}:y`), undefined);
});

test("layers come side by side, of all pulls together no more than the bound", async (t) => {
  const { storage } = await fresh(t);
  await push("bound", "x", image(...[1, 2, 3].map((n) => [file(`x${n}`)])));
  await push("bound", "y", image(...[1, 2, 3].map((n) => [file(`y${n}`)])));
  const { opened, go } = holdBack(t);
  const pulls = ["x", "y"].map((tag) => storage.pull(`${registry.address}/bound:${tag}`));
  await until(() => opened.length === 3);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(opened.length, 3);
  go();
  await Promise.all(pulls);
  assert.equal(opened.length, 6);
});

test("a pull goes on while anybody waits for it, and leaves nothing when nobody does", async (t) => {
  const { storage, root } = await fresh(t);
  await push("cancel", "x", image([file("cancelled")], [file("too")]));
  const name = `${registry.address}/cancel:x`;
  const { opened, go } = holdBack(t);
  const [first, second] = [new AbortController(), new AbortController()];
  const pulls = [first, second].map(({ signal }) => storage.pull(name, { signal }));
  await until(() => opened.length === 2);
  first.abort(new Error("client one has gone"));
  await assert.rejects(pulls[0]!, /one has gone/);
  assert.ok(storage.pullProgress(name));
  second.abort(new Error("client two has gone"));
  await assert.rejects(pulls[1]!, /two has gone/);
  await until(() => storage.pullProgress(name) === undefined);
  await storage.idle();
  assert.deepEqual(layersOf(root), []);
  go();
  assert.equal((await storage.pull(name)).layers.length, 2);
});

test("a large blob is taken up where a broken download left it", async (t) => {
  const { storage } = await fresh(t);
  const content = Buffer.alloc(9_000_000);
  for (let i = 0; i < content.length; i += 4) content.writeUInt32LE((i * 2654435761) >>> 0, i);
  await push(
    "large",
    "x",
    rawImage({ layers: [rawTar([file("large", content)])], compress: (bytes) => bytes }),
  );
  const name = `${registry.address}/large:x`;
  const { blob } = client;
  const offsets: number[] = [];
  t.mock.method(client, "blob", async (...args: Parameters<RegistryClient["blob"]>) => {
    const stream = await blob.apply(client, args);
    if (!args[1].mediaType.includes("layer")) return stream;
    offsets.push(args[2]!.offset!);
    if (offsets.length > 1) return stream;
    let bytes = 0;
    stream.on("data", (chunk) => {
      bytes += chunk.length;
      if (bytes > 6_000_000) stream.destroy(new Error("cable cut"));
    });
    stream.pause();
    return stream;
  });
  await assert.rejects(storage.pull(name), /cable cut/);
  assert.ok(storage.usage().bytes > 1_000_000);
  const { id } = await storage.pull(name);
  assert.equal(offsets[0], 0);
  assert.ok(offsets[1]! > 1_000_000);
  assert.deepEqual(readFileSync(join(storage.rootfs.mountRootfs("l1", id), "large")), content);
});

test("broken layers are refused by image and layer, and leave nothing", async (t) => {
  const { storage, root } = await fresh(t);
  const good = rawTar([file("good")]);
  const wrongDiff = `sha256:${"1".repeat(64)}`;
  const table: [string, BuiltImage, RegExp][] = [
    ["no-tar", rawImage({ layers: [good, Buffer.alloc(2000, "x")] }), /cannot be unpacked/],
    [
      "cut",
      rawImage({ layers: [good, rawTar([file("a", "x".repeat(9000))]).subarray(0, 5000)] }),
      /breaks off/,
    ],
    ["bad-link", image([{ name: "l", type: "1", linkName: "/etc/passwd" }]), /cannot be unpacked/],
    ["diff-id", rawImage({ layers: [good], diffIds: [wrongDiff] }), /diff ID/],
  ];
  for (const [name, built, message] of table) {
    await push("broken", name, built);
    await assert.rejects(
      storage.pull(`${registry.address}/broken:${name}`),
      (error: Error & { code: number }) => {
        assert.match(error.message, message);
        assert.match(error.message, new RegExp(`image .*/broken:${name}: layer sha256:`));
        return error.code === status.DATA_LOSS;
      },
    );
  }
  await push("broken", "count", rawImage({ layers: [good], diffIds: [wrongDiff, wrongDiff] }));
  await assert.rejects(storage.pull(`${registry.address}/broken:count`), {
    code: status.FAILED_PRECONDITION,
  });
  await assert.rejects(storage.pull(`${registry.address}/broken:absent`), { code: status.NOT_FOUND });
  await storage.idle();
  assert.deepEqual(layersOf(root), []);
  assert.deepEqual(readdirSync(join(root, "blobs", "sha256")), []);
  assert.deepEqual(storage.images.list(), []);
});
