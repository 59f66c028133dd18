import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { diskUsage } from "./disk-usage.ts";

test("blocks and inodes as du counts them: links once, symlinks not followed, names of any bytes", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-disk-usage-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "a", "b"), { recursive: true });
  writeFileSync(join(folder, "a", "b", "file"), Buffer.alloc(100_000));
  linkSync(join(folder, "a", "b", "file"), join(folder, "a", "link"));
  symlinkSync("/usr", join(folder, "symlink"));
  const odd = Buffer.concat([Buffer.from(folder), Buffer.from("/\xff\xfe", "latin1")]);
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from("/file")]), Buffer.alloc(5000));

  const du = (...options: string[]) =>
    Number(execFileSync("du", ["-s", ...options, folder], { encoding: "utf8" }).split("\t")[0]);
  assert.deepEqual(diskUsage(folder), { bytes: du("-B1"), inodes: du("--inodes") });
  assert.equal(diskUsage(folder)?.inodes, 7);
});

test("a folder that is not there has none", () => {
  assert.equal(diskUsage("/nonexistent/layer"), undefined);
});
