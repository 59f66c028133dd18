import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readOften } from "./kept-files.ts";

const [, mount] = /^\S+ (\S+) cgroup2? /m.exec(readFileSync("/proc/mounts", "utf8")) as unknown as [
  string,
  string,
];

function descriptorsOf(path: string): number {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return targets.filter((target) => target === path).length;
}

test("a file that is read again soon stays open and tells what is now, until nobody reads it any more", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const folder = join(mount, `critter-kept-${process.pid}`);
  mkdirSync(folder);
  t.after(() => rmdirSync(folder));
  // A file of v1, or of v2.
  const name = readdirSync(folder).find((one) => one === "notify_on_release" || one === "cgroup.max.depth")!;
  const path = join(folder, name);
  const values = ["0\n", "1\n"];
  for (const value of [...values, ...values]) {
    writeFileSync(path, value);
    assert.equal(readOften(path), value);
  }
  assert.equal(descriptorsOf(path), 1);
  t.mock.timers.tick(5000);
  assert.equal(descriptorsOf(path), 1);
  t.mock.timers.tick(5000);
  assert.equal(descriptorsOf(path), 0);
  assert.equal(readOften(path), values[1]);
  assert.equal(descriptorsOf(path), 0);
  t.mock.timers.tick(5000);
});

test("a cgroup that goes while its file is open, and one of the same name after it", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const folder = join(mount, `critter-kept-gone-${process.pid}`);
  const path = join(folder, "cgroup.procs");
  mkdirSync(folder);
  for (let time = 0; time < 3; time++) assert.equal(readOften(path), "");
  rmdirSync(folder);
  assert.equal(readOften(path), undefined);
  assert.equal(readOften(path), undefined);
  mkdirSync(folder);
  t.after(() => rmdirSync(folder));
  assert.equal(readOften(path), "");
  for (let period = 0; period < 3; period++) t.mock.timers.tick(5000);
});
