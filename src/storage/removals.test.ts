import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeDeepTree } from "../../test/support/deep-tree.ts";
import { redirectLog } from "../log.ts";
import { Removals } from "./removals.ts";

const root = mkdtempSync(join(tmpdir(), "critter-removals-"));
after(() => rmSync(root, { recursive: true }));

async function removed(path: string): Promise<void> {
  const removals = new Removals();
  removals.removeLater(path);
  await removals.idle();
}

test("all that is in a folder goes, whatever its name is, and nothing that a link points to", async () => {
  const folder = join(root, "-layer");
  mkdirSync(join(folder, "below/deeper"), { recursive: true });
  writeFileSync(join(folder, "below/deeper/file"), "");
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xe9])]), "");
  mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xfe])]));
  mkdirSync(join(root, "kept"));
  writeFileSync(join(root, "kept/file"), "");
  symlinkSync(join(root, "kept"), join(folder, "link"));
  await removed(folder);
  assert.ok(!existsSync(folder));
  assert.ok(existsSync(join(root, "kept/file")));
});

test("a tree deeper than any path from outside goes too", async () => {
  const folder = join(root, "deep");
  mkdirSync(folder);
  const names = Array.from({ length: 30 }, () => "d".repeat(200)).join(" ");
  execFileSync("sh", ["-c", `cd "$0" && for d in ${names}; do mkdir $d && cd $d; done; touch f`, folder]);
  await removed(folder);
  assert.ok(!existsSync(folder));
});

test("files go as folders do, and what is gone is no failure", async () => {
  const file = join(root, "blob");
  writeFileSync(file, "bytes");
  await removed(file);
  assert.ok(!existsSync(file));
  const lines: string[] = [];
  const restore = redirectLog((line) => lines.push(line));
  await removed(join(root, "never"));
  restore();
  assert.deepEqual(lines, []);
});

test("what is mounted in a folder stays as it is, and the log says so", async () => {
  const folder = join(root, "mounted");
  mkdirSync(join(folder, "tmpfs"), { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(folder, "tmpfs")]);
  const lines: string[] = [];
  const restore = redirectLog((line) => lines.push(line));
  try {
    writeFileSync(join(folder, "tmpfs/file"), "");
    await removed(folder);
    assert.ok(existsSync(join(folder, "tmpfs/file")));
    assert.match(lines.join(), /could not be removed/);
  } finally {
    restore();
    execFileSync("umount", [join(folder, "tmpfs")]);
  }
});

test("a tree that is deeper than a path may be long goes too", async () => {
  const folder = join(root, "deep");
  mkdirSync(folder);
  makeDeepTree(folder);
  const removals = new Removals();
  removals.remove(folder);
  await removals.idle();
  assert.ok(!existsSync(folder));
});
