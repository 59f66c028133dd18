import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { prepareLog } from "./log-file.ts";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "critter-log-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("the folders of a log are made, and a log that is there stays", (t) => {
  const folder = temporaryFolder(t);
  const [directory, elsewhere] = [join(folder, "pods/one"), join(folder, "data")];
  prepareLog(directory, join(directory, "a/b/0.log"));
  assert.ok(existsSync(join(directory, "a/b")));
  writeFileSync(join(directory, "a/b/0.log"), "before");
  prepareLog(directory, join(directory, "a/b/0.log"));
  // The node's own links, such as of /var/log, are followed.
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, join(folder, "link"));
  prepareLog(`${join(folder, "link")}/`, join(folder, "link", "c/0.log"));
  assert.ok(existsSync(join(elsewhere, "c")));
});

test("a link or a FIFO that a pod has put there is refused, and nothing is made behind it", (t) => {
  const folder = temporaryFolder(t);
  const outside = join(folder, "outside");
  mkdirSync(outside);
  const traps: [name: string, set: (directory: string) => void][] = [
    ["the log is a link", (directory) => symlinkSync(join(outside, "file"), join(directory, "0.log"))],
    [
      "the next log is a link",
      (directory) => symlinkSync(join(outside, "file"), join(directory, "0.log.tmp")),
    ],
    ["the log is a FIFO", (directory) => execFileSync("mkfifo", [join(directory, "0.log")])],
    ["the log is a folder", (directory) => mkdirSync(join(directory, "0.log"))],
  ];
  for (const [name, set] of traps) {
    const directory = join(folder, name);
    mkdirSync(directory);
    set(directory);
    assert.throws(
      () => prepareLog(directory, join(directory, "0.log")),
      { code: status.FAILED_PRECONDITION },
      name,
    );
  }
  const directory = join(folder, "pod");
  mkdirSync(directory);
  symlinkSync(outside, join(directory, "container"));
  assert.throws(
    () => prepareLog(directory, join(directory, "container/sub/0.log")),
    /container is not a folder/,
  );
  assert.equal(existsSync(join(outside, "sub")), false);
});
