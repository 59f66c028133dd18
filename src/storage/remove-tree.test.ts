import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "./remove-tree.ts";

const root = mkdtempSync(join(tmpdir(), "critter-remove-"));
after(() => rmSync(root, { recursive: true }));

test("all that is in a folder goes, whatever its name is, and nothing that a link points to", async () => {
  const folder = join(root, "layer");
  mkdirSync(join(folder, "below/deeper"), { recursive: true });
  writeFileSync(join(folder, "below/deeper/file"), "");
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xe9])]), "");
  mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xfe])]));
  mkdirSync(join(root, "kept"));
  writeFileSync(join(root, "kept/file"), "");
  symlinkSync(join(root, "kept"), join(folder, "link"));
  await removeTree(folder, () => {});
  assert.ok(!existsSync(folder));
  assert.ok(existsSync(join(root, "kept/file")));
});

test("others have their turn during a long removal", async () => {
  const folder = join(root, "large");
  mkdirSync(folder);
  for (let file = 0; file < 3000; file++) writeFileSync(join(folder, String(file)), "");
  let turns = 0;
  await removeTree(folder, () => turns++);
  assert.ok(turns > 0);
  assert.ok(!existsSync(folder));
});

test("what is not there is removed already", async () => {
  await removeTree(join(root, "never"), () => {});
});

test("a file goes as a folder does", async () => {
  const file = join(root, "blob");
  writeFileSync(file, "bytes");
  await removeTree(file, () => {});
  assert.ok(!existsSync(file));
});
