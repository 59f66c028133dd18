import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { Mount } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { StatusError } from "../cri/status-error.ts";
import type { ImageRecord } from "../storage/image-record.ts";
import { mountImageVolumes, resolveImageMounts, volumeImageIds } from "./image-mounts.ts";
import type { ContainerRecord } from "./record.ts";
import { decoded } from "./spec/fixtures.test.ts";

const volume = realpathSync(mkdtempSync(join(tmpdir(), "critter-image-mounts-")));
after(() => rmSync(volume, { recursive: true }));
mkdirSync(join(volume, "etc/deep"), { recursive: true });
writeFileSync(join(volume, "etc/file"), "");

const ID = `sha256:${"1".repeat(64)}`;
const images = {
  find: (name: string) => (name === "i" || name === ID ? ({ id: ID } as ImageRecord) : undefined),
};
const mounted: string[] = [];
const rootfs = {
  mountVolume: (containerId: string, imageId: string) => {
    mounted.push(`${containerId} ${imageId}`);
    return volume;
  },
};

const ofImage: Init<Mount> = { containerPath: "/v", image: { image: "i" }, readonly: true };
const resolve = (...requested: Init<Mount>[]) =>
  resolveImageMounts(images, decoded({ mounts: requested }).config.mounts);
const sourceOf = (imageSubPath: string) =>
  mountImageVolumes(rootfs, "c", resolve({ ...ofImage, imageSubPath }))[0];

test("a mount of an image tells which one it is, and others stay as they are", () => {
  const plain = { containerPath: "/x", hostPath: "/tmp" };
  const mounts = resolve(plain, {
    ...ofImage,
    image: { image: "i", userSpecifiedImage: "u", imageRef: "lie" },
  });
  assert.equal(mounts[0]?.image, null);
  assert.deepEqual(mounts[1]?.image, {
    ...mounts[1]?.image,
    image: "i",
    userSpecifiedImage: "u",
    imageRef: ID,
  });
  assert.equal(resolve({ ...ofImage, image: { image: ID } })[0]?.image?.imageRef, ID);
  assert.deepEqual(volumeImageIds({ config: { mounts } } as ContainerRecord), [ID]);
  assert.deepEqual(mountImageVolumes(rootfs, "c", mounts), [undefined, volume]);
  assert.deepEqual(mounted.splice(0), [`c ${ID}`]);
});

test("a sub-path is a folder in the image, wherever links point", () => {
  symlinkSync("/etc", join(volume, "absolute"));
  symlinkSync("../../../../../etc", join(volume, "up"));
  symlinkSync("up/deep", join(volume, "etc/on"));
  symlinkSync("/", join(volume, "root"));
  assert.equal(sourceOf(""), volume);
  assert.equal(sourceOf("./etc//deep/"), join(volume, "etc/deep"));
  assert.equal(sourceOf("absolute"), join(volume, "etc"));
  assert.equal(sourceOf("up/deep"), join(volume, "etc/deep"));
  assert.equal(sourceOf("root"), volume);
});

test("a sub-path that is not there, or not a folder, is named", () => {
  symlinkSync("loop", join(volume, "loop"));
  symlinkSync("/proc/self", join(volume, "host"));
  const refused: [string, RegExp][] = [
    ["no/such", /is "no\/such": it does not exist in the image/],
    ["host", /does not exist/],
    ["etc/file", /not a folder/],
    ["etc/file/x", /ENOTDIR/],
    ["loop", /ELOOP/],
  ];
  for (const [subPath, message] of refused) {
    const prefixed = new RegExp(
      `^ImageVolumeMountFailed: config.mounts\\[0\\].image_sub_path .*${message.source}`,
    );
    assert.throws(() => sourceOf(subPath), { code: status.INVALID_ARGUMENT, message: prefixed }, subPath);
  }
});

test("wrong mounts name field and value", () => {
  const refuse = (changes: Init<Mount>, message: RegExp, code = status.INVALID_ARGUMENT) =>
    assert.throws(
      () => resolve({ containerPath: "/x", hostPath: "/" }, { ...ofImage, ...changes }),
      (error) => {
        assert.ok(error instanceof StatusError);
        assert.equal(error.code, code);
        assert.match(error.message, /^ImageVolumeMountFailed: config\.mounts\[1\]\./);
        assert.match(error.message, message);
        return true;
      },
    );
  refuse({ readonly: false }, /readonly is false/);
  refuse({ hostPath: "/tmp" }, /host_path is "\/tmp"/);
  refuse({ image: { image: "" } }, /image\.image is ""/);
  refuse(
    { image: { image: "absent" } },
    /image\.image is "absent": there is no such image/,
    status.NOT_FOUND,
  );
  refuse({ imageSubPath: "/etc" }, /image_sub_path is "\/etc"/);
  for (const imageSubPath of ["..", "../x", "a/../b", "a/.."])
    refuse({ imageSubPath }, /image_sub_path is "/);
});

test("what fails in mounting is told as such", () => {
  const failing = {
    mountVolume: () => {
      throw new Error("mount: ENOMEM");
    },
  };
  assert.throws(() => mountImageVolumes(failing, "c", resolve(ofImage)), {
    code: status.UNKNOWN,
    message: "ImageVolumeMountFailed: mount: ENOMEM",
  });
});
