import assert from "node:assert/strict";
import { chmodSync, chownSync, lstatSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { getXattr } from "../linux/files.ts";
import { NamespaceHolder } from "../linux/user-namespace.ts";
import { mountPointsBelow } from "./mount-points.ts";
import { file, fresh, image, layersOf, push, registry, useTestBed } from "./test-bed.test.ts";

useTestBed();

const mappings = {
  uids: { containerId: 0, hostId: 131_072, length: 65_536 },
  gids: { containerId: 0, hostId: 262_144, length: 65_536 },
};

const ownerOf = (path: string) => {
  const { uid, gid } = lstatSync(path);
  return [uid, gid];
};

test("containers of a user namespace share the layers with others, and see their own IDs", async (t) => {
  const { storage, root } = await fresh(t);
  const owned = { ...file("etc/owned"), uid: 33, gid: 44 };
  await push(
    "mapped",
    "1",
    image([{ name: "./", type: "5", uid: 7, gid: 8 }, file("a"), owned], [file("b")]),
  );
  const { id } = await storage.pull(`${registry.address}/mapped:1`);
  const holder = await NamespaceHolder.start([], mappings);
  const user = { ...mappings, path: `/proc/${holder.pid}/ns/user` };
  try {
    const plain = storage.rootfs.mountRootfs("plain", id);
    const mapped = storage.rootfs.mountRootfs("mapped", id, user);
    const volume = storage.rootfs.mountVolume("mapped", id, user);
    for (const path of [mapped, volume]) {
      assert.deepEqual(readdirSync(path).sort(), ["a", "b", "etc"]);
      assert.deepEqual(ownerOf(path), [131_079, 262_152]);
      assert.deepEqual(ownerOf(join(path, "etc/owned")), [131_105, 262_188]);
      assert.deepEqual(ownerOf(join(path, "b")), [131_072, 262_144]);
    }
    // What is changed is copied up as it is seen, and no container sees it but this one.
    writeFileSync(join(mapped, "etc/owned"), "changed");
    assert.deepEqual(ownerOf(join(mapped, "etc/owned")), [131_105, 262_188]);
    assert.deepEqual(
      ownerOf(join(storage.rootfs.writableLayerOf("mapped"), "etc/owned")),
      [131_105, 262_188],
    );
    chownSync(join(mapped, "a"), 131_073, 262_145);
    assert.deepEqual(ownerOf(join(plain, "a")), [0, 0]);
    assert.deepEqual(ownerOf(join(plain, "etc/owned")), [33, 44]);
    assert.equal(mountPointsBelow(root).length, 3);
    assert.equal(layersOf(root).length, 2);
  } finally {
    await holder.end();
  }
});

test("capabilities of a program are those of the user namespace, copied up or not", async (t) => {
  const { storage } = await fresh(t);
  // struct vfs_cap_data, revision 2: CAP_NET_RAW, permitted and effective.
  const capability = Buffer.alloc(20);
  capability.writeUInt32LE(0x02000001, 0);
  capability.writeUInt32LE(1 << 13, 4);
  const program = {
    ...file("program"),
    mode: 0o755,
    pax: { "SCHILY.xattr.security.capability": capability },
  };
  await push("capable", "1", image([program]));
  const { id } = await storage.pull(`${registry.address}/capable:1`);
  const holder = await NamespaceHolder.start([], mappings);
  try {
    const user = { ...mappings, path: `/proc/${holder.pid}/ns/user` };
    const path = join(storage.rootfs.mountRootfs("capable", id, user), "program");
    const seen = () => getXattr(path, "security.capability");
    // Revision 3 has the root of the user namespace in which they count.
    const expected = Buffer.concat([capability, Buffer.from(Uint32Array.of(131_072).buffer)]);
    expected.writeUInt32LE(0x03000001, 0);
    assert.deepEqual(seen(), expected);
    chmodSync(path, 0o755);
    assert.deepEqual(seen(), expected);
  } finally {
    await holder.end();
  }
});

test("the user namespace may end before its mounts; where it has none, nothing is mounted", async (t) => {
  const { storage, root } = await fresh(t);
  await push("gone", "1", image([file("a")]));
  const { id } = await storage.pull(`${registry.address}/gone:1`);
  const holder = await NamespaceHolder.start([], mappings);
  const user = { ...mappings, path: `/proc/${holder.pid}/ns/user` };
  const path = storage.rootfs.mountRootfs("stays", id, user);
  await holder.end();
  assert.deepEqual(ownerOf(join(path, "a")), [131_072, 262_144]);
  assert.throws(() => storage.rootfs.mountRootfs("none", id, user), { code: "ENOENT" });
  assert.equal(mountPointsBelow(root).length, 1);
});
