import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readFileInRoot, securePath } from "./secure-path.ts";

const root = mkdtempSync(join(tmpdir(), "critter-root-"));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, "etc"));
mkdirSync(join(root, "usr/etc"), { recursive: true });
writeFileSync(join(root, "etc/file"), "inside\n");

test("links are followed within the root, however they try to leave it", () => {
  symlinkSync("/etc", join(root, "absolute"));
  symlinkSync("../../../../../../etc", join(root, "usr/up"));
  symlinkSync("absolute/file", join(root, "chain"));
  assert.equal(securePath(root, "/absolute/file"), join(root, "etc/file"));
  assert.equal(securePath(root, "usr/up/file"), join(root, "etc/file"));
  assert.equal(securePath(root, "chain"), join(root, "etc/file"));
  assert.equal(securePath(root, "../../../../etc/file"), join(root, "etc/file"));
  assert.equal(securePath(root, "usr/up/../x"), join(root, "x"));
});

test("what does not exist is taken as named, also behind a dangling link", () => {
  symlinkSync("/nowhere/../else", join(root, "dangling"));
  assert.equal(securePath(root, "a/b//c/"), join(root, "a/b/c"));
  assert.equal(securePath(root, "dangling/x"), join(root, "else/x"));
});

test("a circle of links is ELOOP", () => {
  symlinkSync("circle", join(root, "circle"));
  assert.throws(() => securePath(root, "circle"), { code: "ELOOP" });
});

test("a file is read; a FIFO, a folder and a huge file are errors, an absent one is not", () => {
  execFileSync("mkfifo", [join(root, "fifo")]);
  assert.equal(readFileInRoot(root, "/absolute/file", 100), "inside\n");
  assert.equal(readFileInRoot(root, "/absent", 100), undefined);
  assert.throws(() => readFileInRoot(root, "/fifo", 100), /fifo of the image is not a plain file/);
  assert.throws(() => readFileInRoot(root, "/etc", 100), /not a plain file/);
  assert.throws(() => readFileInRoot(root, "/etc/file", 3), /has 7 bytes, over 3/);
});
