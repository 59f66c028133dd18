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

test("a wait that is given up rejects with the reason", async () => {
  const endings = new Endings();
  const controller = new AbortController();
  const waiting = endings.wait("id", 60_000, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(endings.wait("id", 60_000, controller.signal), /enough/);
});
