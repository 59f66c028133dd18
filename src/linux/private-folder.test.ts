import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makePrivateFolder } from "./private-folder.ts";

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

test("a private folder is for root and the group that is named, one that was there too", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-private-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [own, shared] = [join(folder, "above", "own"), join(folder, "above", "shared")];
  makePrivateFolder(own);
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  makePrivateFolder(shared, 393_216);
  assert.equal(modeOf(join(folder, "above")), "711");
  assert.equal(modeOf(own), "700");
  assert.equal(modeOf(shared), "710");
  assert.equal(statSync(shared).uid, 0);
  assert.equal(statSync(shared).gid, 393_216);
});
