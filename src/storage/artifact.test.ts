import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { ARTIFACT_TYPE, type ArtifactFile, artifact } from "../../test/images/artifact.ts";
import type { RegistryClient } from "../registry/client.ts";
import { type Manifest, parseManifest } from "../registry/manifest.ts";
import { openDatabase } from "../state/database.ts";
import { artifactLayers } from "./artifact.ts";
import { checkStore } from "./check.ts";
import { readSnapshot } from "./check-snapshot.ts";
import {
  client,
  file,
  fresh,
  image,
  layersOf,
  newRoot,
  open,
  push,
  registry,
  useTestBed,
} from "./test-bed.test.ts";

useTestBed();

const titled = (...titles: (string | undefined)[]): ArtifactFile[] =>
  titles.map((title, index) => ({ ...(title !== undefined && { title }), content: `content ${index}` }));

describe("the files of an artifact", () => {
  const filesOf = (files: ArtifactFile[]) => {
    const { body } = artifact({ files }).manifests[0]!;
    return artifactLayers(parseManifest(body, "") as Manifest).map((spec) => spec.file);
  };

  test("are named by title, or by digest", () => {
    const long = "x".repeat(255);
    assert.deepEqual(filesOf(titled("a", "./b//c", "b/..d", "ä\n", long)), [
      "a",
      "b/c",
      "b/..d",
      "ä\n",
      long,
    ]);
    assert.match(filesOf(titled(undefined))[0]!, /^sha256-[0-9a-f]{64}$/);
    assert.deepEqual(filesOf([]), []);
  });

  test("with titles that lead elsewhere, or to one another, are refused", () => {
    const refused: [string[], RegExp][] = [
      [[""], /has the title "": it names no file/],
      [["./."], /it names no file/],
      [["/etc/passwd"], /has the title "\/etc\/passwd": it must be relative/],
      [["../x"], /it must have no part that is \.\./],
      [["a/../../x"], /no part that is/],
      [["a\0b"], /has a NUL/],
      [["x".repeat(256)], /has the title "x{100}…": it is too long/],
      [["x/".repeat(1200)], /too long/],
      [["a", "./a"], /blobs sha256:\w+ and sha256:\w+ are both "a"/],
      [["a/b", "a"], /is "a\/b", but "a" is a file too/],
      [["a", "a/b/c"], /but "a" is a file too/],
    ];
    for (const [titles, message] of refused) assert.throws(() => filesOf(titled(...titles)), { message });
  });
});

test("an artifact is pulled where one is wanted, and a volume has its files", async (t) => {
  const { storage, root } = await fresh(t);
  const files = [...titled("config.json", "weights/part/1", undefined), { title: "empty", content: "" }];
  await push("artifact", "x", artifact({ files }));
  const name = `${registry.address}/artifact:x`;
  await assert.rejects(storage.pull(name), {
    code: status.FAILED_PRECONDITION,
    message: new RegExp(
      `artifact:x cannot be run: it is an artifact of type ${ARTIFACT_TYPE}, not a container`,
    ),
  });
  const pulled = await storage.pull(name, { wanted: "artifacts" });
  assert.equal(pulled.artifactType, ARTIFACT_TYPE);
  assert.equal(pulled.id, pulled.manifestDigest);
  assert.deepEqual(pulled.repoTags, [name]);
  assert.equal(await storage.pull(name, { wanted: "both" }), pulled);
  const volume = storage.rootfs.mountVolume("c1", pulled.id);
  assert.equal(readFileSync(join(volume, "config.json"), "utf8"), "content 0");
  assert.equal(readFileSync(join(volume, "weights/part/1"), "utf8"), "content 1");
  assert.equal(readFileSync(join(volume, "empty"), "utf8"), "");
  assert.equal(readdirSync(volume).filter((entry) => entry.startsWith("sha256-")).length, 1);
  const modeOf = (path: string) => lstatSync(join(volume, path)).mode & 0o7777;
  assert.deepEqual(
    ["", "config.json", "weights", "weights/part", "weights/part/1"].map(modeOf),
    [0o755, 0o644, 0o755, 0o755, 0o644],
  );
  assert.equal(layersOf(root).length, 4);
  assert.deepEqual(storage.usage(), { bytes: 5 * 4096, inodes: 6 });
});

test("an image is no artifact, and an artifact may be told by its configuration alone, or be empty", async (t) => {
  const { storage } = await fresh(t);
  const configType = "application/vnd.cncf.helm.config.v1+json";
  await push("kind", "image", image([file("x")]));
  await push("kind", "helm", artifact({ files: titled("chart"), artifactType: null, configType }));
  await push("kind", "empty", artifact({ files: [] }));
  const name = (tag: string) => `${registry.address}/kind:${tag}`;
  await assert.rejects(storage.pull(name("image"), { wanted: "artifacts" }), {
    code: status.NOT_FOUND,
    message: /kind:image is an image, and not here: it must be pulled first/,
  });
  assert.equal((await storage.pull(name("image"), { wanted: "both" })).artifactType, undefined);
  assert.equal((await storage.pull(name("helm"), { wanted: "artifacts" })).artifactType, configType);
  const { id } = await storage.pull(name("empty"), { wanted: "artifacts" });
  assert.deepEqual(readdirSync(storage.rootfs.mountVolume("c1", id)), []);
});

test("artifacts share their blobs, and a removed one stays for who uses it", async (t) => {
  const { storage, root } = await fresh(t);
  const name = `${registry.address}/share`;
  await push("share", "x", artifact({ files: titled("common", "mine") }));
  await push("share", "y", artifact({ files: titled("common", "yours", "more") }));
  const [x, y] = await Promise.all(
    ["x", "y"].map((tag) => storage.pull(`${name}:${tag}`, { wanted: "artifacts" })),
  );
  assert.equal(layersOf(root).length, 4);
  const volume = storage.rootfs.mountVolume("c1", y!.id);
  storage.images.remove(x!);
  storage.images.remove(y!);
  assert.equal(storage.images.find(`${name}:y`), undefined);
  assert.deepEqual(readdirSync(volume).sort(), ["common", "more", "yours"]);
  storage.rootfs.removeRootfs("c1");
  await storage.idle();
  assert.deepEqual(layersOf(root), []);
});

test("a large blob becomes the file without a second copy, and is resumed", async (t) => {
  const { storage } = await fresh(t);
  const content = Buffer.alloc(9_000_000, "critter");
  await push("large-file", "x", artifact({ files: [{ title: "a/large", content }] }));
  const name = `${registry.address}/large-file:x`;
  const { blob } = client;
  const offsets: number[] = [];
  t.mock.method(client, "blob", async (...args: Parameters<RegistryClient["blob"]>) => {
    const stream = await blob.apply(client, args);
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
  await assert.rejects(storage.pull(name, { wanted: "artifacts" }), /cable cut/);
  assert.ok(storage.usage().bytes > 1_000_000);
  const { id } = await storage.pull(name, { wanted: "artifacts" });
  assert.ok(offsets[1]! > 1_000_000);
  const volume = storage.rootfs.mountVolume("c1", id);
  assert.deepEqual(readFileSync(join(volume, "a/large")), content);
  assert.equal(lstatSync(join(volume, "a/large")).mode & 0o7777, 0o644);
});

test("a blob of the wrong digest or beyond max_layer_size is refused, and leaves nothing", async (t) => {
  const root = newRoot();
  let limit = 0;
  const { storage, close } = await open(root, { maxLayerSize: () => limit });
  t.after(close);
  await push("broken-file", "x", artifact({ files: titled("good", "bad") }));
  const name = `${registry.address}/broken-file:x`;
  const pull = () => storage.pull(name, { wanted: "artifacts" });
  limit = 8;
  await assert.rejects(pull(), {
    code: status.FAILED_PRECONDITION,
    message: /layer sha256:\w+: it has 9 bytes, over 8, the limit of max_layer_size/,
  });
  limit = 9;
  const { blob } = client;
  t.mock.method(client, "blob", async (...args: Parameters<RegistryClient["blob"]>) => {
    const bytes = Buffer.concat(await (await blob.apply(client, args)).toArray());
    const told = bytes.equals(Buffer.from("content 1")) ? Buffer.from("CONTENT 1") : bytes;
    return Object.assign(Readable.from([told]), { refuse: () => false });
  });
  await assert.rejects(pull(), {
    code: status.DATA_LOSS,
    message: /broken-file:x: layer sha256:\w+: what the/,
  });
  // The good one may be under way still: it goes when its worker is free.
  while (layersOf(root).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(storage.images.list(), []);
});

test("a check finds a store with artifacts in order, also when it is opened again", async () => {
  const root = newRoot();
  await push("checked-file", "x", artifact({ files: titled("a", "b/c/d", undefined) }));
  const name = `${registry.address}/checked-file:x`;
  for (const wanted of ["artifacts", undefined] as const) {
    const { storage, close } = await open(root);
    if (wanted) await storage.pull(name, { wanted });
    assert.equal(storage.images.find(name)?.artifactType, ARTIFACT_TYPE);
    await close();
    const database = openDatabase(join(root, "state.db"));
    assert.deepEqual(checkStore(readSnapshot(database, root, [], "")), []);
    database.close();
  }
});
