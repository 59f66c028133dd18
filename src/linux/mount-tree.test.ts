import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MS_SHARED, mount, unmountAll } from "./mount.ts";
import { mountIdMapped } from "./mount-tree.ts";
import { NamespaceHolder } from "./user-namespace.ts";

const range = { containerId: 0, hostId: 65_536, length: 65_536 };

const isMountPoint = (path: string) =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[4] === path);

test("what is mounted in the source of an id-mapped mount stays when that goes, on shared mounts too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "critter-mapped-"));
  const [source, target, inside] = ["source", "target", "source/inside"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const holder = await NamespaceHolder.start([], { uids: range, gids: range });
  try {
    mount("tmpfs", folder, "tmpfs", 0, "");
    mount("", folder, "", MS_SHARED, "");
    for (const path of [source, target, inside]) mkdirSync(path);
    mountIdMapped(source, target, `/proc/${holder.pid}/ns/user`);
    mount("tmpfs", inside, "tmpfs", 0, "");
    assert.equal(isMountPoint(join(target, "inside")), false);
    unmountAll(target);
    assert.equal(isMountPoint(inside), true);
  } finally {
    await holder.end();
    for (const path of [inside, target, folder]) unmountAll(path);
    await rm(folder, { recursive: true });
  }
});
