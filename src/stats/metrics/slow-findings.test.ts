import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { machine } from "../../cgroups/fixtures.test.ts";
import type { ContainerRecord } from "../../oci/record.ts";
import { Slices } from "../../slices.ts";
import { SlowFinder } from "./slow-findings.ts";

async function started(script: string): Promise<ChildProcess> {
  const child = spawn("sh", ["-c", `${script}; echo; exec sleep 60`], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout!, "data");
  return child;
}

const containerOf = (pid: number) => ({ id: "container", process: { pid, startTime: 1 } }) as ContainerRecord;

test("counts the processes of a cgroup and what they have open, with the first one's limit", async (t) => {
  const first = await started("ulimit -S -n 777");
  const second = await started("exec 5</etc/passwd 6</etc/passwd");
  t.after(() => [first, second].map((child) => child.kill("SIGKILL")));
  const cgroups = machine({ unified: { "cgroup.procs": `${first.pid}\n${second.pid}` } });
  const finder = new SlowFinder(cgroups, ["process"]);
  const container = containerOf(first.pid!);
  const found = await finder.find("/pod", container, new Slices());
  const open = [first, second].flatMap(({ pid }) => {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).map((name) => readlinkSync(`${folder}/${name}`));
  });
  const sockets = open.filter((target) => target.startsWith("socket:")).length;
  assert.deepEqual(found.processes, {
    processes: 2,
    descriptors: open.length,
    sockets,
    openFilesLimit: 777,
  });
  assert.equal(await finder.find("/pod", container, new Slices()), found, "kept for a while");
});

test("does not take another process for the container's, and counts nothing that is not asked for", async () => {
  const cgroups = machine({ unified: { "cgroup.procs": "" } });
  const found = await new SlowFinder(cgroups, ["process"]).find(
    "/pod",
    containerOf(process.pid),
    new Slices(),
  );
  assert.deepEqual(found.processes, {
    processes: 0,
    descriptors: 0,
    sockets: 0,
    openFilesLimit: undefined,
  });
  const nothing = await new SlowFinder(cgroups, []).find("/pod", containerOf(process.pid), new Slices());
  assert.deepEqual([nothing.processes, nothing.hugePages], [undefined, []]);
});
