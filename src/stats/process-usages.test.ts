import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { detectCgroups } from "../cgroups/hierarchy.ts";
import { PodCgroups } from "../cgroups/pod-cgroup.ts";
import { moveProcess } from "../cgroups/processes.ts";
import { ProcessUsages } from "./process-usages.ts";

test("a count is good for three seconds, for that pod", async (t) => {
  t.mock.method(performance, "now", () => now);
  let now = 1000;
  const cgroups = detectCgroups();
  const pods = new PodCgroups(cgroups);
  const path = `/critter-process-usages-${process.pid}`;
  const own = pods.create({ manager: "cgroupfs", name: path, path, isDefault: false });
  const child = spawn("sleep", ["100"]);
  const gone = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    await gone;
    await pods.remove(own);
  });
  const usages = new ProcessUsages();
  const pod = {};
  const countOf = (owner: object) => usages.usageOf(owner, cgroups, [path]).processCount?.value;
  assert.equal(countOf(pod), 0);
  await moveProcess(cgroups, path, child.pid!);
  now += 2999;
  assert.equal(countOf(pod), 0);
  assert.equal(countOf({}), 1);
  now += 1;
  assert.equal(countOf(pod), 1);
  assert.equal(usages.usageOf({}, cgroups, [path, path]).processCount?.value, 2);
});
