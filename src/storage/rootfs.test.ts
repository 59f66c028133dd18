import assert from "node:assert/strict";
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { mountPointsBelow } from "./mount-points.ts";
import { file, fresh, image, layersOf, newRoot, open, push, registry, useTestBed } from "./test-bed.test.ts";

useTestBed();

test("a volume shows an image as it is, of any number of layers, and nothing can be written", async (t) => {
  const { storage } = await fresh(t);
  const several = image(
    [{ name: "./", type: "5", mode: 0o750 }, file("a"), file("b")],
    [{ name: ".wh.a" }, file("c/d")],
  );
  const built = { several, single: image([file("one")]), none: image() };
  for (const [name, pushed] of Object.entries(built)) await push(name, "1", pushed);
  const shown: Record<string, string[]> = {};
  for (const name of Object.keys(built)) {
    const { id } = await storage.pull(`${registry.address}/${name}:1`);
    const path = storage.rootfs.mountVolume("container", id);
    assert.equal(storage.rootfs.mountVolume("container", id), path);
    shown[name] = readdirSync(path).sort();
    assert.throws(() => writeFileSync(join(path, "new"), ""), { code: "EROFS" });
    if (name === "several") assert.equal(readFileSync(join(path, "c/d"), "utf8"), "c/d");
    if (name === "none") assert.equal(lstatSync(path).mode & 0o7777, 0o755);
  }
  assert.deepEqual(shown, { several: ["b", "c"], single: ["one"], none: [] });
  assert.throws(() => storage.rootfs.mountVolume("container", `sha256:${"0".repeat(64)}`), {
    code: status.NOT_FOUND,
  });
});

test("a volume keeps a removed image until the container's root filesystem goes, and goes with it", async (t) => {
  const { storage, root } = await fresh(t);
  const ids: string[] = [];
  for (const name of ["main", "volume"]) {
    await push(name, "1", image([file(name)]));
    ids.push((await storage.pull(`${registry.address}/${name}:1`)).id);
  }
  storage.rootfs.mountRootfs("container", ids[0]!);
  const path = storage.rootfs.mountVolume("container", ids[1]!);
  for (const id of ids) storage.images.remove(storage.images.get(id));
  await storage.idle();
  assert.equal(layersOf(root).length, 2);
  assert.ok(existsSync(join(path, "volume")));
  storage.rootfs.removeRootfs("container");
  await storage.idle();
  assert.deepEqual(layersOf(root), []);
  assert.deepEqual(mountPointsBelow(root), []);
  assert.deepEqual(readdirSync(join(root, "overlay-containers")), []);
});

test("after a restart volumes are kept for the containers there are, and taken from the others", async (t) => {
  const root = newRoot();
  const before = await open(root);
  await push("restart", "1", image([file("kept")]));
  const { id } = await before.storage.pull(`${registry.address}/restart:1`);
  const [kept, lost] = ["kept", "lost"].map((user) => before.storage.rootfs.mountVolume(user, id));
  before.storage.images.remove(before.storage.images.get(id));
  await before.close();
  const { storage, close } = await open(root);
  t.after(close);
  const other = `sha256:${"0".repeat(64)}`;
  assert.deepEqual(storage.adopt([{ id: "kept", imageId: other, volumeImageIds: [id] }]), ["lost"]);
  await storage.idle();
  assert.ok(existsSync(join(kept!, "kept")));
  assert.ok(!existsSync(lost!));
  storage.rootfs.removeRootfs("kept");
  await storage.idle();
  assert.deepEqual([layersOf(root), mountPointsBelow(root)], [[], []]);
});
