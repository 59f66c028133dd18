import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { spreadFolders } from "./inode-flags.ts";

const filesystem = execFileSync("stat", ["-f", "-c", "%T", tmpdir()], { encoding: "utf8" }).trim();

test("a folder whose folders are spread says so", { skip: filesystem !== "ext2/ext3" && filesystem }, () => {
  const folder = mkdtempSync(join(tmpdir(), "critter-flags-"));
  try {
    spreadFolders(folder);
    spreadFolders(folder);
    assert.match(execFileSync("lsattr", ["-d", folder], { encoding: "utf8" }).split(" ")[0]!, /T/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("where there are no such flags, nothing happens", () => {
  spreadFolders("/proc");
  spreadFolders("/dev/shm");
});
