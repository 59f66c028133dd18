import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Cgroups, detectCgroups } from "./hierarchy.ts";
import { cgroupFolder, cgroupFolders, podCgroup } from "./paths.ts";
import { PodCgroups } from "./pod-cgroup.ts";
import { killAll, moveProcess, processesIn } from "./processes.ts";
import { removeCgroup } from "./remove.ts";

const cgroups = detectCgroups();
const top = `/critter-proctest-${process.pid}`;

async function sleeper(path: string): Promise<ChildProcess> {
  new PodCgroups(cgroups).create(podCgroup("cgroupfs", path));
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  await moveProcess(cgroups, path, child.pid as number);
  return child;
}

test("processes are moved in, listed with those below, and killed", async () => {
  const [parent, child] = [await sleeper(top), await sleeper(`${top}/below`)];
  const memory = readFileSync(`/proc/${child.pid}/cgroup`, "utf8");
  assert.match(memory, new RegExp(`memory:${top}/below`));
  assert.deepEqual(processesIn(cgroups, top), [parent.pid, child.pid]);
  const gone = [once(parent, "exit"), once(child, "exit")];
  await killAll(cgroups, top);
  assert.deepEqual(processesIn(cgroups, top), []);
  for (const [, signal] of await Promise.all(gone)) assert.equal(signal, "SIGKILL");
  await removeCgroup(cgroups, top);
  assert.ok(!cgroupFolders(cgroups, top).some((folder) => existsSync(folder)));
});

test("a leftover cgroup is removed though something still runs in it", async () => {
  const child = await sleeper(`${top}/left/over`);
  const gone = once(child, "exit");
  await removeCgroup(cgroups, top);
  await gone;
  assert.ok(!existsSync(cgroupFolder(cgroups, "memory", top) as string));
  await removeCgroup(cgroups, top);
});

test("nothing is in a cgroup that does not exist, and nothing can be moved there", async () => {
  assert.deepEqual(processesIn(cgroups, `${top}/absent`), []);
  await killAll(cgroups, `${top}/absent`);
  if (cgroups.version !== "v2") {
    await assert.rejects(moveProcess(cgroups, `${top}/absent`, process.pid), /no hierarchy has a cgroup/);
  }
});

test("on v2 cgroup.kill does it in one step", async () => {
  const mount = mkdtempSync(join(tmpdir(), "critter-v2-"));
  const v2: Cgroups = {
    version: "v2",
    limitsSwap: false,
    hierarchies: [{ mount, controllers: ["memory"], unified: true, own: "/" }],
  };
  try {
    mkdirSync(join(mount, "c"));
    writeFileSync(join(mount, "c", "cgroup.kill"), "");
    const child = spawn("sleep", ["60"]);
    writeFileSync(join(mount, "c", "cgroup.procs"), `${child.pid}\n`);
    const killed = killAll(v2, "/c");
    assert.equal(readFileSync(join(mount, "c", "cgroup.kill"), "utf8"), "1");
    child.kill("SIGKILL");
    await once(child, "exit");
    writeFileSync(join(mount, "c", "cgroup.procs"), "");
    await killed;
  } finally {
    rmSync(mount, { recursive: true });
  }
});
