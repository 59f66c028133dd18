import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bindMount, mount, unmount, unmountAll } from "./mount.ts";

const mounts = (path: string) =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(` ${path} `)).length;

test("mounts are made, counted and all taken away", () => {
  const folder = mkdtempSync(join(tmpdir(), "critter-mount-"));
  try {
    mount("tmpfs", folder, "tmpfs", 0, "size=64k");
    bindMount(folder, folder);
    assert.equal(mounts(folder), 2);
    unmountAll(folder);
    assert.equal(mounts(folder), 0);
    unmountAll(folder);
  } finally {
    unmountAll(folder);
    rmSync(folder, { recursive: true });
  }
});

test("a failed call names the errno and the path", () => {
  const folder = mkdtempSync(join(tmpdir(), "critter-mount-"));
  writeFileSync(join(folder, "file"), "");
  try {
    assert.throws(() => bindMount("/nonexistent/source", folder), { code: "ENOENT", syscall: "mount" });
    assert.throws(() => unmount(join(folder, "file")), /umount2 .*file: EINVAL/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
