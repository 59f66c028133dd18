import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { status } from "@grpc/grpc-js";
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
