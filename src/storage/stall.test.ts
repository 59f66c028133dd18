import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { rawImage } from "../../test/images/raw-image.ts";
import { rawTar } from "../../test/images/raw-tar.ts";
import type { RegistryClient } from "../registry/client.ts";
import type { LayerState } from "./layer-maker.ts";
import { unlessStalled } from "./stall.ts";
import { client, file, layersOf, newRoot, open, push, registry, useTestBed } from "./test-bed.test.ts";

useTestBed();

test("a pull whose bytes cease is cancelled, and taken up where it was", async (t) => {
  const root = newRoot();
  const { storage, close } = await open(root, { pullProgressTimeout: () => 400 });
  t.after(close);
  const content = Buffer.alloc(9_000_000);
  for (let i = 0; i < content.length; i += 4) content.writeUInt32LE((i * 2654435761) >>> 0, i);
  const layers = [rawTar([file("large", content)])];
  await push("stalls", "x", rawImage({ layers, compress: (bytes) => bytes }));
  const name = `${registry.address}/stalls:x`;
  const { blob } = client;
  const offsets: number[] = [];
  t.mock.method(client, "blob", async (...args: Parameters<RegistryClient["blob"]>) => {
    const [, descriptor, options] = args;
    const stream = await blob.apply(client, args);
    if (!descriptor.mediaType.includes("layer")) return stream;
    offsets.push(options!.offset!);
    if (offsets.length > 1) return stream;
    const stalling = new PassThrough();
    let bytes = 0;
    stream.on("data", (chunk) => {
      bytes += chunk.length;
      if (bytes < 6_000_000) stalling.write(chunk);
    });
    options!.signal!.addEventListener("abort", () => {
      stream.destroy();
      stalling.destroy(options!.signal!.reason);
    });
    return stalling;
  });
  await assert.rejects(storage.pull(name), {
    code: status.DEADLINE_EXCEEDED,
    message:
      /image .*\/stalls:x: no byte has come for 0.4 s \(crio.image.pull_progress_timeout\); \d+ of 9\d+/,
  });
  while (layersOf(root).length > 0) await sleep(5);
  assert.deepEqual(storage.images.list(), []);
  assert.ok(storage.usage().bytes > 1_000_000);
  const { id } = await storage.pull(name);
  assert.ok(offsets[1]! > 1_000_000);
  assert.deepEqual(readFileSync(join(storage.rootfs.mountRootfs("s1", id), "large")), content);
  storage.rootfs.removeRootfs("s1");
});

/** A pull of two layers for `ms`, of which `stateOf` tells at each look. */
async function pullOf(ms: number, stateOf: (look: number) => [LayerState, number][]): Promise<string> {
  let looks = 0;
  const progress = () => ({
    reference: "app",
    layers: stateOf(++looks).map(([state, downloaded]) => ({ digest: "", size: 100, downloaded, state })),
  });
  return unlessStalled({ timeout: 50, progress }, async (signal) => {
    await sleep(ms, undefined, { signal }).catch(() => signal!.throwIfAborted());
    return "pulled";
  });
}

test("bytes of one layer, unpacking, and waiting for one's turn keep a pull going", async () => {
  const table: ((look: number) => [LayerState, number][])[] = [
    (look) => [
      ["downloading", 5],
      ["downloading", look],
    ],
    () => [
      ["downloading", 5],
      ["unpacking", 7],
    ],
    () => [
      ["waiting", 0],
      ["done", 100],
    ],
    () => [],
    () => {
      throw new Error("the name is ambiguous by now");
    },
  ];
  for (const stateOf of table) assert.equal(await pullOf(300, stateOf), "pulled");
  const hung = pullOf(60_000, () => [
    ["downloading", 5],
    ["done", 100],
  ]);
  await assert.rejects(hung, { code: status.DEADLINE_EXCEEDED, message: /105 of 200 bytes/ });
});
