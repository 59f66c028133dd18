import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { rawImage } from "../../test/images/raw-image.ts";
import { type RawEntry, rawTar } from "../../test/images/raw-tar.ts";
import { openDatabase } from "../state/database.ts";
import { mountPointsBelow } from "./mount-points.ts";
import { file, fresh, image, layersOf, newRoot, open, push, registry, useTestBed } from "./test-bed.test.ts";

useTestBed();

test("an image is pulled by tag, found by all its names, and removed by any", async (t) => {
  const { storage, root } = await fresh(t);
  await push("names", "one", rawImage({ layers: [rawTar([file("a")])], config: { User: "7:8" } }));
  const name = `${registry.address}/names`;
  const pulled = await storage.pull(`${name}:one`);
  assert.deepEqual(pulled.repoTags, [`${name}:one`]);
  assert.match(pulled.repoDigests[0]!, /^127.0.0.1:\d+\/names@sha256:[0-9a-f]{64}$/);
  const hex = pulled.id.slice(7);
  for (const called of [`${name}:one`, pulled.repoDigests[0]!, pulled.id, hex, hex.slice(0, 12)]) {
    assert.equal(storage.images.find(called), pulled, called);
  }
  assert.equal(storage.images.find(`${name}:two`), undefined);
  assert.equal(storage.images.find("0".repeat(64)), undefined);
  assert.throws(() => storage.images.get("nowhere.test/x"), { code: status.NOT_FOUND });
  assert.throws(() => storage.images.find("No/Name:"), { code: status.INVALID_ARGUMENT });
  assert.equal(pulled.config.config.User, "7:8");
  assert.ok(pulled.size > 4096);
  assert.ok(storage.usage().bytes >= 4096);
  storage.images.remove(storage.images.get(pulled.repoDigests[0]!));
  assert.equal(storage.images.find(pulled.id), undefined);
  await storage.idle();
  assert.deepEqual(layersOf(root), []);
});

test("one image under several tags; a tag that moves to another image", async (t) => {
  const { storage } = await fresh(t);
  const name = `${registry.address}/tags`;
  for (const tag of ["a", "b"]) await push("tags", tag, image([file("same")]));
  const first = await storage.pull(`${name}:a`);
  const both = await storage.pull(`${name}:b`);
  assert.deepEqual([both.id, both.repoTags], [first.id, [`${name}:a`, `${name}:b`]]);
  assert.equal(storage.images.list().length, 1);
  assert.equal(await storage.pull(`${name}:b`), await storage.pull(`${name}:b`));
  await push("tags", "a", image([file("same")], [file("more")]));
  const moved = await storage.pull(`${name}:a`);
  assert.notEqual(moved.id, first.id);
  assert.deepEqual(storage.images.get(first.id).repoTags, [`${name}:b`]);
  assert.equal(storage.images.get(`${name}:a`).id, moved.id);
});

test("by digest an image has no tag", async (t) => {
  const { storage } = await fresh(t);
  const built = image([file("by digest")]);
  await push("digest", "x", built);
  const reference = `${registry.address}/digest@${built.manifests[0]!.digest}`;
  const pulled = await storage.pull(reference);
  assert.deepEqual([pulled.repoTags, pulled.repoDigests], [[], [reference]]);
});

test("layers stack up in a root filesystem: whiteouts, opaque folders, folders without an entry", async (t) => {
  const { storage } = await fresh(t);
  const layers: RawEntry[][] = [
    [
      { name: "./", type: "5", mode: 0o751 },
      { name: "tmp/", type: "5", mode: 0o1777 },
      file("gone"),
      file("folder/gone"),
      file("opaque/below"),
      file("replaced/below"),
      { name: "owned", content: "x", uid: 12, gid: 13, mode: 0o4711 },
    ],
    [
      { name: ".wh.gone" },
      { name: "folder/.wh.gone" },
      { name: "opaque/.wh..wh..opq" },
      file("opaque/above"),
      { name: ".wh.replaced" },
      file("tmp/file"),
    ],
    [{ name: "replaced/", type: "5" }, file("replaced/above")],
  ];
  await push("stack", "x", rawImage({ layers: layers.map(rawTar) }));
  const { id } = await storage.pull(`${registry.address}/stack:x`);
  const path = storage.rootfs.mountRootfs("c1", id);
  assert.deepEqual(readdirSync(path).sort(), ["folder", "opaque", "owned", "replaced", "tmp"]);
  assert.deepEqual(readdirSync(join(path, "folder")), []);
  assert.deepEqual(readdirSync(join(path, "opaque")), ["above"]);
  assert.deepEqual(readdirSync(join(path, "replaced")), ["above"]);
  assert.equal(lstatSync(join(path, "tmp")).mode & 0o7777, 0o1777);
  assert.equal(lstatSync(path).mode & 0o7777, 0o751);
  const { uid, gid, mode } = lstatSync(join(path, "owned"));
  assert.deepEqual([uid, gid, mode & 0o7777], [12, 13, 0o4711]);

  assert.equal(storage.rootfs.mountRootfs("c1", id), path);
  writeFileSync(join(path, "written"), "x");
  assert.ok(existsSync(join(storage.rootfs.writableLayerOf("c1"), "written")));
  const second = storage.rootfs.mountRootfs("c2", id);
  assert.ok(!existsSync(join(second, "written")));
  storage.rootfs.removeRootfs("c1");
  storage.rootfs.removeRootfs("c1");
  assert.throws(() => storage.rootfs.mountRootfs("c3", `sha256:${"0".repeat(64)}`), {
    code: status.NOT_FOUND,
  });
});

test("an opaque whiteout in the root hides all layers below", async (t) => {
  const { storage } = await fresh(t);
  await push("opaque", "x", image([file("below")], [{ name: ".wh..wh..opq" }, file("above")], [file("top")]));
  const { id } = await storage.pull(`${registry.address}/opaque:x`);
  assert.deepEqual(readdirSync(storage.rootfs.mountRootfs("o1", id)).sort(), ["above", "top"]);
});

test("an image of 41 layers is mounted, and its layers are shared with one of 42", async (t) => {
  const { storage, root } = await fresh(t);
  const layers = Array.from({ length: 42 }, (_, index) => [file(`layer${index}`)]);
  await push("many", "41", image(...layers.slice(0, 41)));
  await push("many", "42", image(...layers));
  const [first, second] = await Promise.all(
    ["41", "42"].map((tag) => storage.pull(`${registry.address}/many:${tag}`)),
  );
  assert.equal(layersOf(root).length, 42);
  assert.equal(readdirSync(storage.rootfs.mountRootfs("m1", first!.id)).length, 41);
  storage.images.remove(storage.images.get(first!.id));
  storage.rootfs.removeRootfs("m1");
  await storage.idle();
  assert.equal(layersOf(root).length, 42);
  assert.equal(readdirSync(storage.rootfs.mountRootfs("m2", second!.id)).length, 42);
});

test("the shared read-only mount of an image has mount points for a runtime", async (t) => {
  const { storage, root } = await fresh(t);
  await push("pause", "x", image([file("pause")]));
  const { id } = await storage.pull(`${registry.address}/pause:x`);
  const path = storage.rootfs.mountReadOnly("pod1", id);
  assert.equal(storage.rootfs.mountReadOnly("pod2", id), path);
  assert.equal(mountPointsBelow(root).length, 1);
  assert.ok(existsSync(join(path, "proc")) && existsSync(join(path, "pause")));
  assert.throws(() => writeFileSync(join(path, "x"), ""), { code: "EROFS" });
  storage.images.remove(storage.images.get(id));
  storage.rootfs.releaseReadOnly("pod1");
  assert.ok(existsSync(join(path, "pause")));
  assert.equal(storage.images.find(id), undefined);
  storage.rootfs.releaseReadOnly("pod2");
  assert.deepEqual(mountPointsBelow(root), []);
});

test("an image that is removed under its container keeps its layers, over a restart too", async (t) => {
  const root = newRoot();
  await push("used", "x", image([file("used")]));
  const name = `${registry.address}/used:x`;
  const before = await open(root);
  const { id } = await before.storage.pull(name);
  const path = before.storage.rootfs.mountRootfs("u1", id);
  before.storage.images.remove(before.storage.images.get(name));
  assert.equal(before.storage.images.find(id), undefined);
  assert.deepEqual(before.storage.images.list(), []);
  await before.close();

  const { storage, close } = await open(root);
  t.after(close);
  assert.deepEqual(storage.adopt([{ id: "u1", imageId: id }]), []);
  assert.equal(readFileSync(join(path, "used"), "utf8"), "used");
  const again = await storage.pull(name);
  assert.equal(storage.images.get(name), again);
  storage.images.remove(again);
  assert.equal(layersOf(root).length, 1);
  storage.rootfs.removeRootfs("u1");
  await storage.idle();
  assert.deepEqual(layersOf(root), []);
});

test("a start sweeps what a crash has left, and what a power cut may have spoilt", async (t) => {
  const root = newRoot();
  await push("crash", "x", image([file("crash")]));
  const name = `${registry.address}/crash:x`;
  const before = await open(root, { bootId: "first" });
  const spec = {
    image: name,
    annotations: {},
    userSpecifiedImage: "x",
    runtimeHandler: "runc",
    imageRef: "",
  };
  const { id, layers } = await before.storage.pull(name, { spec });
  before.storage.rootfs.mountRootfs("gone", id);
  before.storage.rootfs.mountRootfs("kept", id);
  before.storage.rootfs.mountReadOnly("pod", id);
  await before.close();
  const half = join(root, "overlay", "zz");
  mkdirSync(join(half, "sub"), { recursive: true });
  const partial = join(root, "blobs", "sha256", `${"0".repeat(64)}.partial`);
  writeFileSync(partial, "half");
  // As versions before this one made it.
  chmodSync(join(root, "overlay"), 0o711);

  const second = await open(root, { bootId: "second" });
  assert.deepEqual(second.storage.adopt([{ id: "kept", imageId: id }]), ["gone"]);
  await second.storage.idle();
  assert.ok(!existsSync(half) && !existsSync(partial));
  assert.equal(statSync(join(root, "overlay")).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(join(root, "overlay-containers")), ["kept"]);
  assert.equal(second.storage.images.get(name).id, id);
  assert.deepEqual(second.storage.images.get(name).spec, spec);
  second.storage.rootfs.removeRootfs("kept");
  await second.close();

  const database = openDatabase(join(root, "state.db"));
  const record = JSON.parse(String(database.prepare("SELECT record FROM layers").get()!.record));
  assert.deepEqual([record.chainId, record.unsyncedBoot], [layers[0], undefined]);
  database.prepare("UPDATE layers SET record = ?").run(JSON.stringify({ ...record, unsyncedBoot: "second" }));
  database.close();
  const third = await open(root, { bootId: "third" });
  t.after(third.close);
  assert.deepEqual(third.storage.adopt([]), []);
  assert.deepEqual(third.storage.images.list(), []);
  await third.storage.idle();
  assert.deepEqual(layersOf(root), []);
  assert.deepEqual(mountPointsBelow(root), []);
});
