import assert from "node:assert/strict";
import {
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { measureFolder } from "./measure.ts";
import { file, fresh, image, push, registry, useTestBed } from "./test-bed.test.ts";

useTestBed();

test("a folder is measured by whole pages, each file once, whatever its name", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-measure-"));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.deepEqual(measureFolder(folder), { bytes: 0, inodes: 0, holes: false });
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "sub", "file"), "x".repeat(4097));
  linkSync(join(folder, "sub", "file"), join(folder, "again"));
  symlinkSync("nowhere", join(folder, "link"));
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff])]), "latin");
  assert.deepEqual(measureFolder(folder), { bytes: 4096 + 8192 + 4096, inodes: 4, holes: false });
  ftruncateSync(openSync(join(folder, "sparse"), "w"), 10 * 2 ** 30);
  assert.deepEqual(measureFolder(folder), { bytes: 16384, inodes: 5, holes: true });
});

test("what a pull accounts for is what a layer's folder takes, entries that replace each other too", async (t) => {
  const { storage, root } = await fresh(t);
  const repeated = [
    file("twice", "1"),
    file("twice", "x".repeat(5000)),
    file("folder/below"),
    { name: "folder", type: "2", linkName: "twice" },
    { name: "was-gone/.wh.x" },
    { name: ".wh.hidden" },
    file("hidden/now"),
  ];
  await push("measured", "x", image([file("a"), { name: "b", type: "1", linkName: "a" }], repeated));
  await storage.pull(`${registry.address}/measured:x`);
  const { bytes, inodes } = measureFolder(join(root, "overlay"));
  // The layers' own folders are not counted in their layers.
  assert.deepEqual({ bytes: bytes - 2 * 4096, inodes: inodes - 2 }, storage.usage());
});
