import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { diskUsage, smallInodes } from "./disk-usage.ts";
import { WritableLayers } from "./writable-layers.ts";

function layers(t: TestContext, freshMs: number): { folder: string; layers: WritableLayers } {
  const folder = mkdtempSync(join(tmpdir(), "critter-writable-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const id of ["a", "b"]) mkdirSync(join(folder, id));
  const options = { mountpoint: folder, folderOf: (id: string) => join(folder, id), freshMs };
  return { folder, layers: new WritableLayers(options) };
}

test("what little there is, is known at once", async (t) => {
  const { folder, layers: all } = layers(t, 60_000);
  const a = { id: "a" };
  writeFileSync(join(folder, "a", "file"), Buffer.alloc(50_000));
  const { bytes, inodes } = diskUsage(join(folder, "a"))!;
  let usage = all.usageOf(a);
  // On a busy machine even that may take too long for the main thread.
  await all.idle();
  usage ??= all.usageOf(a);
  assert.deepEqual(usage, {
    timestamp: usage?.timestamp,
    fsId: { mountpoint: folder },
    usedBytes: { value: bytes },
    inodesUsed: { value: inodes },
  });
  assert.ok(BigInt(usage!.timestamp) > 0n);
});

test("the first answers of large layers come with the walk, for all that asked", async (t) => {
  const { folder, layers: all } = layers(t, 60_000);
  const [a, b] = [{ id: "a" }, { id: "b" }];
  for (const { id } of [a, b]) {
    for (let at = 0; at < smallInodes; at++) writeFileSync(join(folder, id, String(at)), "");
    assert.equal(all.usageOf({ id }), null);
  }
  assert.equal(all.usageOf(a), null);
  assert.equal(all.usageOf(b), null);
  await all.idle();
  for (const one of [a, b]) assert.equal(all.usageOf(one)?.inodesUsed?.value, smallInodes + 1);
});

test("a walk is good for a while; then it is the last answer until the next is over", async (t) => {
  const { folder, layers: patient } = layers(t, 60_000);
  const eager = new WritableLayers({ mountpoint: folder, folderOf: (id) => join(folder, id), freshMs: 0 });
  const a = { id: "a" };
  for (const all of [patient, eager]) {
    all.usageOf(a);
    await all.idle();
  }
  writeFileSync(join(folder, "a", "file"), "");
  const inodes = (all: WritableLayers) => all.usageOf(a)?.inodesUsed?.value;
  // The walk of one small folder takes well below a second, and it rests for 20 times as long.
  for (let i = 0; i < 400 && inodes(eager) !== 2; i++) {
    assert.equal(inodes(patient), 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(inodes(eager), 2);
  assert.equal(inodes(patient), 1);
  await eager.idle();
});

test("a layer that is gone keeps its last answer, and another's is measured all the same", async (t) => {
  const { folder, layers: all } = layers(t, 60_000);
  rmSync(join(folder, "a"), { recursive: true });
  const [a, b] = [{ id: "a" }, { id: "b" }];
  all.usageOf(a);
  all.usageOf(b);
  await all.idle();
  assert.equal(all.usageOf(a), null);
  assert.ok(all.usageOf(b));
});
