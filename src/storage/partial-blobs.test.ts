import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { digestOf } from "../registry/digest.ts";
import { PartialBlobs } from "./partial-blobs.ts";
import { Removals } from "./removals.ts";

const root = mkdtempSync(join(tmpdir(), "critter-partials-"));
const removals = new Removals();
const blobs = join(root, "blobs", "sha256");
after(() => rmSync(root, { recursive: true }));

const LARGE = 100 * 1024 * 1024;
const descriptorOf = (name: string, size = LARGE) => ({
  mediaType: "",
  digest: digestOf(Buffer.from(name)),
  size,
});

function writeLarge(path: string, bytes = LARGE - 1): void {
  writeFileSync(path, "");
  truncateSync(path, bytes);
}

/** The paths that are removed in the background, once it is let. */
function holdRemovals(t: TestContext): { asked: string[]; go: () => void } {
  const asked: string[] = [];
  const { mock } = t.mock.method(removals, "removeLater", (path: string) => void asked.push(path));
  const go = () => {
    mock.restore();
    for (const path of asked) removals.removeLater(path);
    t.mock.method(removals, "removeLater", (path: string) => void asked.push(path));
  };
  return { asked, go };
}

test("a large blob that is worth nothing goes in the background, and its place is free at once", async (t) => {
  const partials = new PartialBlobs(root, removals);
  const { asked, go } = holdRemovals(t);
  const wrong = partials.claim(descriptorOf("wrong"))!;
  writeLarge(wrong.path);
  wrong.release(false);
  assert.equal(existsSync(wrong.path), false);
  const again = partials.claim(descriptorOf("wrong"))!;
  assert.deepEqual([again.path, again.offset], [wrong.path, 0]);
  writeFileSync(again.path, "right");
  go();
  await removals.idle();
  assert.equal(asked.length, 1);
  assert.deepEqual(readdirSync(blobs), [again.path.slice(blobs.length + 1)]);
  again.release(false);
  await removals.idle();
  assert.equal(asked.length, 1);
  assert.deepEqual(readdirSync(blobs), []);
  assert.deepEqual(partials.usage(), { bytes: 0, inodes: 0 });
});

test("what was kept is there for the next, unless it is longer than the blob", async (t) => {
  const partials = new PartialBlobs(root, removals);
  const { asked, go } = holdRemovals(t);
  const first = partials.claim(descriptorOf("kept"))!;
  writeLarge(first.path);
  first.release(true);
  assert.deepEqual(partials.usage(), { bytes: LARGE - 1, inodes: 1 });
  partials.claim(descriptorOf("kept"))!.release(true);
  const { offset, release } = partials.claim(descriptorOf("kept", LARGE - 2))!;
  assert.equal(offset, 0);
  release(true);
  go();
  await removals.idle();
  assert.equal(asked.length, 1);
  assert.deepEqual(readdirSync(blobs), []);
});

test("nobody comes back for what is an hour old", async (t) => {
  const started = performance.now();
  const now = t.mock.method(performance, "now", () => started).mock;
  const partials = new PartialBlobs(root, removals);
  const old = partials.claim(descriptorOf("old"))!;
  writeLarge(old.path);
  old.release(true);
  now.mockImplementation(() => started + 60 * 60 * 1000);
  assert.equal(partials.claim(descriptorOf("small", 1)), undefined);
  await removals.idle();
  assert.deepEqual(readdirSync(blobs), []);
});

test("what an earlier daemon has left goes in the background", async (t) => {
  mkdirSync(blobs, { recursive: true });
  writeLarge(join(blobs, "x.partial"));
  const { asked, go } = holdRemovals(t);
  new PartialBlobs(root, removals);
  go();
  await removals.idle();
  assert.equal(asked.length, 1);
  assert.deepEqual(readdirSync(blobs), []);
});
