import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { Mount } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { invalidArgument, StatusError } from "../cri/status-error.ts";
import { mountImageVolumes, type ObtainImage, resolveImageMounts, volumeImageIds } from "./image-mounts.ts";
import type { ContainerRecord } from "./record.ts";
import { decoded } from "./spec/fixtures.test.ts";

const volume = realpathSync(mkdtempSync(join(tmpdir(), "critter-image-mounts-")));
after(() => rmSync(volume, { recursive: true }));
mkdirSync(join(volume, "etc/deep"), { recursive: true });
writeFileSync(join(volume, "etc/file"), "");

const ID = `sha256:${"1".repeat(64)}`;
const obtain: ObtainImage = async ({ image }, field) => {
  if (image === "i" || image === ID) return { id: ID };
  throw invalidArgument(field, image, "there is no such image");
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
  resolveImageMounts(decoded({ mounts: requested }).config.mounts, obtain);
const sourceOf = async (imageSubPath: string) =>
  mountImageVolumes(rootfs, "c", await resolve({ ...ofImage, imageSubPath }))[0];

test("a mount of an image tells which one it is, and others stay as they are", async () => {
  const plain = { containerPath: "/x", hostPath: "/tmp" };
  const mounts = await resolve(plain, {
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
  assert.equal((await resolve({ ...ofImage, image: { image: ID } }))[0]?.image?.imageRef, ID);
  assert.deepEqual(volumeImageIds({ config: { mounts } } as ContainerRecord), [ID]);
  assert.deepEqual(mountImageVolumes(rootfs, "c", mounts), [undefined, volume]);
  assert.deepEqual(mounted.splice(0), [`c ${ID}`]);
});

test("a sub-path is a folder in the image, wherever links point", async () => {
  symlinkSync("/etc", join(volume, "absolute"));
  symlinkSync("../../../../../etc", join(volume, "up"));
  symlinkSync("up/deep", join(volume, "etc/on"));
  symlinkSync("/", join(volume, "root"));
  assert.equal(await sourceOf(""), volume);
  assert.equal(await sourceOf("./etc//deep/"), join(volume, "etc/deep"));
  assert.equal(await sourceOf("absolute"), join(volume, "etc"));
  assert.equal(await sourceOf("up/deep"), join(volume, "etc/deep"));
  assert.equal(await sourceOf("root"), volume);
});

test("a sub-path that is not there, or not a folder, is named", async () => {
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
    await assert.rejects(sourceOf(subPath), { code: status.INVALID_ARGUMENT, message: prefixed }, subPath);
  }
});

test("wrong mounts name field and value", async () => {
  const refuse = (changes: Init<Mount>, message: RegExp, code = status.INVALID_ARGUMENT) =>
    assert.rejects(resolve({ containerPath: "/x", hostPath: "/" }, { ...ofImage, ...changes }), (error) => {
      assert.ok(error instanceof StatusError);
      assert.equal(error.code, code);
      assert.match(error.message, /^ImageVolumeMountFailed: config\.mounts\[1\]\./);
      assert.match(error.message, message);
      return true;
    });
  await refuse({ readonly: false }, /readonly is false/);
  await refuse({ hostPath: "/tmp" }, /host_path is "\/tmp"/);
  await refuse({ image: { image: "" } }, /image\.image is ""/);
  await refuse({ image: { image: "absent" } }, /image\.image is "absent": there is no such image/);
  await refuse({ imageSubPath: "/etc" }, /image_sub_path is "\/etc"/);
  for (const imageSubPath of ["..", "../x", "a/../b", "a/.."])
    await refuse({ imageSubPath }, /image_sub_path is "/);
});

test("what fails in mounting is told as such", async () => {
  const failing = {
    mountVolume: () => {
      throw new Error("mount: ENOMEM");
    },
  };
  const mounts = await resolve(ofImage);
  assert.throws(() => mountImageVolumes(failing, "c", mounts), {
    code: status.UNKNOWN,
    message: "ImageVolumeMountFailed: mount: ENOMEM",
  });
});
