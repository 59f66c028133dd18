import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { makeDeepTree } from "../../../test/support/deep-tree.ts";
import type { Mount } from "../../cri/messages.ts";
import { getXattr } from "../../linux/files.ts";
import { relabel, relabelMounts, relabelOwn } from "./relabel.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-relabel-"));
const outside = join(folder, "outside");
const tree = join(folder, "tree");
const label = "system_u:object_r:container_file_t:s0:c1,c2";

before(() => {
  mkdirSync(join(tree, "below"), { recursive: true });
  for (const file of [outside, join(tree, "file"), join(tree, "below/file")]) writeFileSync(file, "");
  symlinkSync(outside, join(tree, "link"));
});
after(() => rmSync(folder, { recursive: true }));

const mountOf = (hostPath: string) => ({ hostPath, selinuxRelabel: true }) as Mount;
const labelOf = (path: string) => getXattr(path, "security.selinux")?.toString().replace("\0", "");

test("a tree is relabelled whole, and what its links lead to is not", async () => {
  await relabelMounts([mountOf(tree), { ...mountOf(outside), selinuxRelabel: false }], label);
  for (const name of ["", "file", "link", "below", "below/file"]) {
    assert.equal(labelOf(join(tree, name)), label, name);
  }
  assert.notEqual(labelOf(outside), label);
});

test("a tree that is deeper than a path may be long, and names of any bytes, are relabelled too", async (t) => {
  const deep = join(folder, "deep");
  t.after(() => execFileSync("rm", ["-r", deep]));
  mkdirSync(deep);
  makeDeepTree(deep);
  const odd = Buffer.concat([Buffer.from(`${deep}/`), Buffer.from([0xff, 0xfe])]);
  writeFileSync(odd, "");
  await relabelMounts([mountOf(deep)], label);
  assert.equal(getXattr(odd, "security.selinux")?.toString(), `${label}\0`);
  // Brought up again in its three parts, for a path leads to each of them.
  const below = Array(15).fill("0".repeat(200)).join("/");
  renameSync(join(deep, "three", below, "two"), join(deep, "two"));
  renameSync(join(deep, "two", below, "one"), join(deep, "one"));
  for (const name of ["one", "two", "three"]) assert.equal(labelOf(join(deep, name, below)), label);
  assert.equal(labelOf(join(deep, "one", below, "file")), label);
});

test("a container that puts links into the tree meanwhile leads nobody out of it", async () => {
  const racing = join(folder, "racing");
  const victim = join(folder, "victim");
  mkdirSync(join(victim, "below"), { recursive: true });
  writeFileSync(join(victim, "below/file"), "");
  for (let at = 0; at < 300; at++) mkdirSync(join(racing, String(at), "below"), { recursive: true });
  const script = `cd ${racing}; while true; do for at in *; do mv $at .kept; ln -s ${victim} $at; rm $at; mv .kept $at; done; done`;
  const container = spawn("sh", ["-c", script], { stdio: "ignore" });
  try {
    for (let round = 0; round < 6; round++)
      await relabelMounts([mountOf(racing)], `${label.slice(0, -1)}${round + 2}`);
  } finally {
    container.kill("SIGKILL");
  }
  for (const path of [victim, join(victim, "below"), join(victim, "below/file")])
    assert.doesNotMatch(labelOf(path) ?? "", /container_file_t/);
});

test("of a container's mounts those in its own folder are", async () => {
  const own = join(folder, "container/image-volumes/0");
  mkdirSync(own, { recursive: true });
  const mounts = [{ source: own }, { source: outside }, { source: "tmpfs" }];
  await relabelOwn(mounts, join(folder, "container"), label);
  assert.equal(labelOf(own), label);
  assert.notEqual(labelOf(outside), label);
});

test("folders of the system are refused", async () => {
  for (const source of ["/", "/usr", "/var/lib/"]) {
    await assert.rejects(relabelMounts([mountOf(source)], label), {
      code: status.INVALID_ARGUMENT,
      message: /^config\.mounts\[0\]\.host_path is ".*": a folder of the system is not relabelled/,
    });
  }
});

test("a file system without labels is left as it is", async () => {
  await relabel({ path: "/proc/self/status", label });
});

test("what is not there is an error", async () => {
  await assert.rejects(relabel({ path: join(folder, "absent"), label }), /ENOENT/);
});
