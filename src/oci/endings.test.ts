import assert from "node:assert/strict";
import { test } from "node:test";
import { Endings } from "./endings.ts";

test("all who wait for a container hear of its end, and nobody else", async () => {
  const endings = new Endings();
  const waits = [endings.wait("a"), endings.wait("a", 60_000), endings.wait("b", 1)];
  endings.announce("a");
  endings.announce("nobody's");
  assert.deepEqual(await Promise.all(waits), [true, true, false]);
});

test("an end that nobody waited for is not heard later", async () => {
  const endings = new Endings();
  endings.announce("a");
  assert.equal(await endings.wait("a", 1), false);
});
