import assert from "node:assert/strict";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, mount, unmountAll } from "./mount.ts";
import { mountRestrictions } from "./mount-flags.ts";

test("a mount's restrictions are read, and none where there is none", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-flags-"));
  t.after(() => {
    unmountAll(folder);
    rmdirSync(folder);
  });
  const cases = { nosuid: MS_NOSUID, nodev: MS_NODEV, noexec: MS_NOEXEC, ro: MS_RDONLY };
  for (const [name, flag] of Object.entries(cases)) {
    mount("none", folder, "tmpfs", flag);
    assert.deepEqual(mountRestrictions(folder), [name]);
    unmountAll(folder);
  }
  mount("none", folder, "tmpfs", 0);
  assert.deepEqual(mountRestrictions(folder), []);
  assert.throws(() => mountRestrictions(join(folder, "none")), { code: "ENOENT" });
});
