import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerRecord } from "../../oci/record.ts";
import { Slices } from "../../slices.ts";
import type { WritableLayers } from "../writable-layers.ts";
import { firstWalks } from "./first-walks.ts";

/** Layers of which those with an id in `measured` are known; walks end when `walked` does. */
function layers(measured: Set<string>, walked: Promise<void>): WritableLayers {
  return {
    usageOf: ({ id }: ContainerRecord) => (measured.has(id) ? {} : null),
    idle: () => walked,
  } as unknown as WritableLayers;
}

const container = (id: string) => ({ id }) as ContainerRecord;
const never = new Promise<void>(() => {});

test("does not wait for layers that were measured before", async () => {
  await firstWalks(layers(new Set(["a", "b"]), never), [container("a"), container("b")], new Slices());
});

test("waits for new ones, as long as the walk takes", async () => {
  const walk = Promise.withResolvers<void>();
  let isOver = false;
  const waiting = firstWalks(
    layers(new Set(["a"]), walk.promise),
    [container("a"), container("b")],
    new Slices(),
  );
  const watched = waiting.then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isOver, false);
  walk.resolve();
  await watched;
});

test("gives up on a walk that takes long", async () => {
  const keepAlive = setTimeout(() => {}, 60_000);
  await firstWalks(layers(new Set(), never), [container("a")], new Slices());
  clearTimeout(keepAlive);
});
