import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasOpen } from "./open-files.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-open-"));
after(() => rmSync(folder, { recursive: true }));

test("a file is open where it is, not where it was, and not once it is closed", () => {
  const path = join(folder, "log");
  const descriptor = openSync(path, "w");
  assert.equal(hasOpen(process.pid, path), true);
  renameSync(path, `${path}.1`);
  assert.equal(hasOpen(process.pid, path), false);
  writeFileSync(path, "another file");
  assert.equal(hasOpen(process.pid, path), false);
  assert.equal(hasOpen(process.pid, `${path}.1`), true);
  closeSync(descriptor);
  assert.equal(hasOpen(process.pid, `${path}.1`), false);
});

test("a process that has ended has nothing open", () => {
  assert.equal(hasOpen(2 ** 22 + 1, folder), false);
});
