import assert from "node:assert/strict";
import { test } from "node:test";
import { inParts, partsOf } from "./list-parts.ts";
import { loadCri } from "./proto.ts";

const { ListPodSandbox, StreamPodSandboxes } = loadCri().RuntimeService;

/** As it is in ListPodSandbox' answer. */
const entry = (id: string, bytes: number) =>
  ListPodSandbox.responseSerialize({ items: [{ id, annotations: { large: "x".repeat(bytes) } }] });

const sizes = [0, 10, 200, 20_000, 300_000, 1, 1_000_000, 1_000_000, 5, 130_000, 130_000, 130_000];
const entries = sizes.map((bytes, at) => entry(`pod${at}`, bytes));

async function collected(parts: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for await (const part of parts) found.push(part);
  return found;
}

function check(parts: Buffer[]): void {
  const decoded = parts.map((part) => StreamPodSandboxes.responseDeserialize(part));
  const ids = decoded.map(({ podSandboxes = [] }) => podSandboxes.map(({ id }) => id));
  assert.deepEqual(
    ids.flat(),
    sizes.map((_, at) => `pod${at}`),
  );
  for (const [at, part] of parts.entries()) {
    assert.ok(part.length <= 256 * 1024 || ids[at]?.length === 1, `${part.length} bytes, of ${ids[at]}`);
  }
  assert.equal(parts.length, 7);
}

test("entries come whole and in order, in messages of a size that every client takes", async () => {
  check(await collected(inParts(entries)));
  check([...partsOf(Buffer.concat(entries))]);
});

test("an empty list is no message", async () => {
  assert.deepEqual(await collected(inParts([])), []);
  assert.deepEqual([...partsOf(Buffer.alloc(0))], []);
});

test("entries are asked for when their message is, and others have their turn in between", async () => {
  let asked = 0;
  let turns = 0;
  const others = setInterval(() => turns++, 0);
  function* slowly(): Generator<Buffer> {
    for (const one of entries) {
      asked++;
      for (const began = performance.now(); performance.now() - began < 3; );
      yield one;
    }
  }
  const parts = inParts(slowly());
  await parts.next();
  assert.ok(asked < entries.length, `${asked} of ${entries.length}`);
  for await (const _ of parts);
  clearInterval(others);
  assert.equal(asked, entries.length);
  assert.ok(turns > 0);
});
