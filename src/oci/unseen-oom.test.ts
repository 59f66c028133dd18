import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { killsOfTheGone } from "./unseen-oom.ts";

let slice: string;

beforeEach(() => {
  slice = mkdtempSync(join(tmpdir(), "critter-oom-"));
});

afterEach(() => rmSync(slice, { recursive: true }));

/** As cgroup v2 has it: a cgroup counts what happened below it too. */
function counts(folder: string, kills: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "memory.events"), `low 0\nhigh 0\nmax 7\noom 3\noom_kill ${kills}\n`);
}

test("a scope's kills are the parent's to tell once it is gone, those of its neighbours are not", () => {
  const scope = join(slice, "critter-a.scope");
  counts(slice, 2);
  counts(join(slice, "critter-b.scope"), 2);
  counts(scope, 0);
  assert.equal(killsOfTheGone(slice), 0);
  counts(slice, 4);
  counts(join(slice, "critter-b.scope"), 3);
  counts(scope, 1);
  assert.equal(killsOfTheGone(slice), 0);
  rmSync(scope, { recursive: true });
  assert.equal(killsOfTheGone(slice), 1);
});

test("a scope that ends otherwise changes nothing", () => {
  counts(slice, 1);
  counts(join(slice, "critter-a.scope"), 0);
  const before = killsOfTheGone(slice);
  rmSync(join(slice, "critter-a.scope"), { recursive: true });
  assert.equal(killsOfTheGone(slice), before);
});

test("where nothing is counted nothing is told", () => {
  mkdirSync(join(slice, "critter-a.scope"));
  assert.equal(killsOfTheGone(slice), undefined);
});
