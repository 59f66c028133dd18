import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { fileTree } from "../../test/support/file-tree.ts";
import { bindImageVolumes } from "./bound-volumes.ts";
import { makeImageVolumes } from "./spec/image-volumes.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-volumes-"));
after(() => rmSync(folder, { recursive: true }));
const rootfs = join(folder, "rootfs");
mkdirSync(join(rootfs, "data/below"), { recursive: true, mode: 0o700 });
writeFileSync(join(rootfs, "data/file"), "of the image");
execFileSync("chown", ["-R", "33:44", join(rootfs, "data")]);
execFileSync("chmod", ["2750", join(rootfs, "data")]);
symlinkSync("/data", join(rootfs, "link"));
const user = { uid: 5, gid: 6, additionalGids: [] };
const volumesOf = (...paths: string[]) => ({ Volumes: Object.fromEntries(paths.map((path) => [path, {}])) });

test("a volume that the image lacks is made for the container's user; one that it has stays as it is", () => {
  makeImageVolumes(rootfs, volumesOf("/new/deep", "data", "/"), user);
  const owners = ["new", "new/deep", "data"].map((path) => statSync(join(rootfs, path)).uid);
  assert.deepEqual(owners, [5, 5, 33]);
  assert.throws(() => makeImageVolumes(rootfs, volumesOf("/data/file"), user), {
    code: status.FAILED_PRECONDITION,
    message: /^the image's volume "\/data\/file": EEXIST/,
  });
});

test("each volume becomes a mount of a folder with what the image has there", async () => {
  const image = volumesOf("/data", "/link", "/taken", "/", "new/deep/");
  makeImageVolumes(rootfs, volumesOf("/taken"), user);
  const mounts = await bindImageVolumes(rootfs, image, (path) => path === "/taken");
  assert.deepEqual(
    mounts.map(({ destination }) => destination),
    ["/data", "/link", "/new/deep"],
  );
  for (const { source } of mounts.slice(0, 2)) {
    assert.deepEqual(fileTree(source), fileTree(join(rootfs, "data")));
    const { uid, gid, mode } = statSync(source);
    assert.deepEqual([uid, gid, mode & 0o7777], [33, 44, 0o2750]);
  }
  assert.equal(statSync(mounts[2]?.source ?? "").uid, 5);
});
