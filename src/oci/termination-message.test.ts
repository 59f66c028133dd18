import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ContainerRecord } from "./record.ts";
import { terminationMessage } from "./termination-message.ts";

function rootfsOf(t: TestContext): string {
  const rootfs = mkdtempSync(join(tmpdir(), "critter-message-"));
  t.after(() => rmSync(rootfs, { recursive: true }));
  mkdirSync(join(rootfs, "dev"));
  return rootfs;
}

function recordWith(path: string, containerPaths: string[] = []): ContainerRecord {
  const annotations = { "io.kubernetes.container.terminationMessagePath": path };
  return {
    config: { annotations, mounts: containerPaths.map((containerPath) => ({ containerPath })) },
  } as never;
}

test("the file's first 4 KiB are the message", (t) => {
  const rootfs = rootfsOf(t);
  writeFileSync(join(rootfs, "dev/words"), "out of cheese\n".padEnd(5000, "!"));
  const message = terminationMessage(recordWith("/dev/words"), rootfs);
  assert.match(message, /^out of cheese\n!+$/);
  assert.equal(message.length, 4096);
});

test("there is no message without a file, for one that the kubelet mounts, or for what is no file", (t) => {
  const rootfs = rootfsOf(t);
  assert.equal(terminationMessage(recordWith("/dev/words"), rootfs), "");
  assert.equal(terminationMessage(recordWith("/dev"), rootfs), "");
  writeFileSync(join(rootfs, "dev/words"), "the kubelet's");
  assert.equal(terminationMessage(recordWith("/dev/words", ["/dev/words"]), rootfs), "");
  assert.equal(terminationMessage({ config: { annotations: {}, mounts: [] } } as never, rootfs), "");
});

test("a link leads nowhere but into the container", (t) => {
  const rootfs = rootfsOf(t);
  symlinkSync("/etc/passwd", join(rootfs, "dev/words"));
  assert.equal(terminationMessage(recordWith("/dev/words"), rootfs), "");
});
