import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ContainerExit, ExitWatcher } from "./exits.ts";

let folder: string;
let exitDir: string;
let exits: ExitWatcher;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "critter-exits-"));
  exitDir = join(folder, "exits");
  exits = new ExitWatcher(exitDir, join(folder, "persist"));
});

afterEach(() => {
  exits.close();
  rmSync(folder, { recursive: true });
});

/** As conmon does it: written aside, then renamed. */
function leave(id: string, code: number): void {
  writeFileSync(join(exitDir, `${id}.A1B2C3`), String(code));
  renameSync(join(exitDir, `${id}.A1B2C3`), join(exitDir, id));
}

test("an end wakes who waits, and every listener once", async () => {
  await exits.start();
  const told: [string, number][] = [];
  exits.onExit((id, { exitCode }) => told.push([id, exitCode]));
  const waits = [exits.wait("a"), exits.wait("a"), exits.wait("b")];
  const before = BigInt(Date.now() - 1000) * 1_000_000n;
  leave("a", 3);
  leave("b", 137);
  const [first, second, other] = (await Promise.all(waits)) as [ContainerExit, ContainerExit, ContainerExit];
  assert.deepEqual(first, second);
  assert.equal(other.exitCode, 137);
  assert.ok(first.finishedAt > before);
  assert.deepEqual(await exits.wait("a"), first);
  assert.deepEqual(told.sort(), [
    ["a", 3],
    ["b", 137],
  ]);
});

test("ends from before the start count; half-written files do when they are whole", async () => {
  mkdirSync(exitDir);
  leave("early", 0);
  writeFileSync(join(exitDir, "slow"), "");
  const told: string[] = [];
  exits.onExit((id) => told.push(id));
  await exits.start();
  assert.deepEqual(told, ["early"]);
  assert.equal(exits.read("slow"), undefined);
  const wait = exits.wait("slow");
  await sleep(20);
  writeFileSync(join(exitDir, "slow"), "9");
  assert.equal((await wait).exitCode, 9);
});

test("the mark of an OOM kill", async () => {
  await exits.start();
  mkdirSync(join(folder, "persist", "a"), { recursive: true });
  writeFileSync(join(folder, "persist", "a", "oom"), "");
  leave("a", 137);
  leave("b", 137);
  assert.equal((await exits.wait("a")).oomKilled, true);
  assert.equal((await exits.wait("b")).oomKilled, false);
});

test("forgetting removes the files, and the id may end again", async () => {
  await exits.start();
  mkdirSync(join(folder, "persist", "a"), { recursive: true });
  const told: number[] = [];
  exits.onExit((_id, { exitCode }) => told.push(exitCode));
  leave("a", 1);
  await exits.wait("a");
  await sleep(20);
  exits.forget("a");
  exits.forget("a");
  assert.equal(existsSync(join(folder, "persist", "a")), false);
  assert.equal(exits.read("a"), undefined);
  leave("a", 2);
  await exits.wait("a");
  await sleep(20);
  assert.deepEqual(told, [1, 2]);
});

test("who gives up waiting is told nothing", async () => {
  await exits.start();
  const cause = new Error("no longer interested");
  const controller = new AbortController();
  const wait = exits.wait("a", controller.signal);
  const other = exits.wait("a");
  controller.abort(cause);
  await assert.rejects(wait, cause);
  await assert.rejects(exits.wait("a", controller.signal), cause);
  leave("a", 4);
  assert.equal((await other).exitCode, 4);
});

test("ends beyond what the kernel's queue of events holds are not lost", async () => {
  await exits.start();
  const noise = ["x.a", "x.b"].map((name) => join(exitDir, name));
  for (const path of noise) writeFileSync(path, "");
  // Equal events in a row would count as one.
  for (let number = 0; number < 20_000; number++) utimesSync(noise[number % 2]!, number, number);
  const waits = Array.from({ length: 200 }, (_, number) => exits.wait(`c${number}`));
  for (let number = 0; number < 200; number++) leave(`c${number}`, number);
  assert.deepEqual(
    (await Promise.all(waits)).map(({ exitCode }) => exitCode),
    [...waits.keys()],
  );
});
