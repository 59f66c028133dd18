import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { takeLock } from "./lock-file.ts";

test("one process has the lock until it ends", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-lock-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "new", "critter.lock");
  const module = JSON.stringify(join(import.meta.dirname, "lock-file.ts"));
  const another = () => {
    const script = `import { takeLock } from ${module}; console.log(takeLock(${JSON.stringify(path)}))`;
    return spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    }).stdout.trim();
  };
  assert.equal(another(), "true");
  assert.equal(takeLock(path), true);
  assert.equal(another(), "false");
  assert.equal(takeLock(path), false);
});
