import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { redirectLog } from "./log.ts";
import { giveSignsOfLife, isReachable } from "./watchdog.ts";

const folder = await mkdtemp(join(tmpdir(), "critter-watchdog-"));
const socket = join(folder, "critter.sock");
const server = createServer().listen(socket);
await once(server, "listening");
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

test("signs of life follow one another until they are ended", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const told: string[] = [];
  const tell = (state: string) => {
    if (told.push(state) === 3) resolve();
  };
  const end = giveSignsOfLife({ watchdogMs: 20, tell }, socket);
  await promise;
  end();
  assert.deepEqual(new Set(told), new Set(["WATCHDOG=1"]));
});

test("without a watchdog there is nothing to end", () => {
  giveSignsOfLife({ watchdogMs: 0, tell: assert.fail }, socket)();
});

test("a daemon whose socket was deleted or replaced is not reachable, and says why", async () => {
  const lines: string[] = [];
  const back = redirectLog((line) => lines.push(line));
  try {
    assert.equal(await isReachable(socket), true);
    assert.equal(await isReachable(join(folder, "absent.sock")), false);
    await writeFile(join(folder, "file.sock"), "");
    assert.equal(await isReachable(join(folder, "file.sock")), false);
  } finally {
    back();
  }
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /the socket is gone.*ENOENT/);
  assert.match(lines[1]!, /something else is in the socket's place/);
});
