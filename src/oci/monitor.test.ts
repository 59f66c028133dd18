import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { machineCgroups } from "../cgroups/machine.ts";
import { cgroupFolder, cgroupFolders } from "../cgroups/paths.ts";
import { moveProcess, processesIn } from "../cgroups/processes.ts";
import { isAlive, signalProcess } from "../linux/process.ts";
import { ProcessWatcher } from "../linux/process-watcher.ts";
import { Runtime } from "./runtime.ts";
import type { RuntimeError } from "./runtime-error.ts";
import { TestBed } from "./test-bed.test.ts";

const bed = new TestBed();
await bed.exits.start();
after(() => bed.remove());

const openFiles = () => readdirSync("/proc/self/fd").length;

async function nothingLeft(id: string): Promise<void> {
  assert.equal(await bed.runtime.state(id), undefined);
  assert.equal(existsSync(join(bed.persistDir, id)), false);
  assert.deepEqual(
    bed.processes().filter((line) => line.includes(id)),
    [],
  );
}

test("a container is created, started, logged, and its exit code told", async () => {
  const created = bed.bundle({ args: ["sh", "-c", "echo out; echo err >&2; exit 3"] });
  // The first child of all opens what is kept for the later ones.
  await bed.runtime.version();
  const before = openFiles();
  const { process, monitor } = await bed.monitor.createContainer(created);
  assert.ok(isAlive(process) && isAlive(monitor));
  assert.equal((await bed.runtime.state(created.id))?.status, "created");
  await bed.runtime.start(created.id);
  const exit = await bed.exits.wait(created.id);
  assert.equal(exit.exitCode, 3);
  assert.equal(exit.oomKilled, false);
  const lines = readFileSync(created.logPath, "utf8").trim().split("\n");
  assert.deepEqual(lines.map((line) => line.split(" ").slice(1).join(" ")).sort(), [
    "stderr F err",
    "stdout F out",
  ]);
  await bed.runtime.delete(created.id);
  bed.exits.forget(created.id);
  assert.equal(openFiles(), before);
  await nothingLeft(created.id);
});

test("the monitor is put into its cgroup; without a log path there is no log", async () => {
  const created = { ...bed.bundle({ args: ["sleep", "1000"] }), logPath: "" };
  const path = `${bed.cgroup}/monitors`;
  for (const folder of cgroupFolders(machineCgroups(), path)) mkdirSync(folder, { recursive: true });
  for (const folder of [bed.cgroup, path].map((one) => cgroupFolder(machineCgroups(), "cpuset", one))) {
    for (const file of folder ? ["cpuset.cpus", "cpuset.mems"] : []) {
      writeFileSync(join(folder!, file), readFileSync(join(folder!, "..", file)));
    }
  }
  const cgroup = (pid: number) => moveProcess(machineCgroups(), path, pid);
  const { process, monitor } = await bed.monitor.createContainer({ ...created, cgroup });
  assert.deepEqual(processesIn(machineCgroups(), path), [monitor.pid]);
  assert.equal(existsSync(join(created.bundle, "log")), false);
  signalProcess(process, 9);
  assert.equal((await bed.exits.wait(created.id)).exitCode, 137);
  await bed.runtime.delete(created.id);
});

test("an OOM kill is told", async () => {
  const { id } = await bed.start({
    args: ["sh", "-c", "exec dd if=/dev/zero of=/dev/null bs=200M count=1"],
    memoryLimit: 16 << 20,
  });
  const exit = await bed.exits.wait(id);
  assert.equal(exit.oomKilled, true);
  await bed.runtime.delete(id);
});

test("a monitor killed under its container is noticed, and the container can be deleted", async () => {
  const { id, process, monitor } = await bed.start({ args: ["sleep", "1000"] });
  const watcher = new ProcessWatcher();
  const gone = watcher.watch(monitor.pid);
  signalProcess(monitor, 9);
  await gone;
  watcher.close();
  assert.equal(bed.exits.read(id), undefined);
  await bed.runtime.delete(id, { force: true });
  assert.equal(isAlive(process), false);
  bed.exits.forget(id);
  await nothingLeft(id);
});

test("a command that does not exist: the runtime's words, and nothing left", async () => {
  const created = bed.bundle({ args: ["no-such-command"] });
  await assert.rejects(bed.monitor.createContainer(created), (error: RuntimeError) => {
    assert.match(error.message, /^runc create: .*no-such-command.*executable file not found in \$PATH$/);
    return true;
  });
  await nothingLeft(created.id);
});

test("a bundle without a valid config.json", async () => {
  const created = bed.bundle({ args: ["true"] });
  writeFileSync(join(created.bundle, "config.json"), "{");
  await assert.rejects(
    bed.monitor.createContainer(created),
    /^RuntimeError: runc create: runc create failed: unexpected EOF/,
  );
  await nothingLeft(created.id);
});

test("a log that cannot be made", async () => {
  const created = { ...bed.bundle({ args: ["true"] }), logPath: "/nonexistent/folder/log" };
  await assert.rejects(
    bed.monitor.createContainer(created),
    /conmon ended without an answer.*exited with code 1.*log/s,
  );
  await nothingLeft(created.id);
});

test("a runtime or a monitor that is not there", async () => {
  const created = bed.bundle({ args: ["true"] });
  const runtime = new Runtime({
    name: "none",
    path: "/nonexistent/runtime",
    root: bed.runtime.root,
    systemdCgroup: false,
  });
  await assert.rejects(
    bed.monitorOf({ runtime }).createContainer(created),
    /none create: .*\/nonexistent\/runtime/,
  );
  await nothingLeft(created.id);
  const monitor = bed.monitorOf({ path: "/nonexistent/monitor" });
  await assert.rejects(monitor.createContainer(created), /\/nonexistent\/monitor: cannot be started.*ENOENT/);
  await nothingLeft(created.id);
});

test("an abort, a time limit and a failing cgroup hook leave nothing", async () => {
  const cause = new Error("the client left");
  const hang = () => new Promise<void>(() => {});
  const aborted = bed.bundle({ args: ["sleep", "1000"] });
  await assert.rejects(
    bed.monitor.createContainer({ ...aborted, cgroup: hang, signal: AbortSignal.timeout(50) }),
    { name: "TimeoutError" },
  );
  await nothingLeft(aborted.id);
  const late = bed.bundle({ args: ["sleep", "1000"] });
  await assert.rejects(
    bed.monitor.createContainer({ ...late, cgroup: hang, timeoutMs: 50 }),
    /no answer in 0.05 s, killed/,
  );
  await nothingLeft(late.id);
  const refused = bed.bundle({ args: ["sleep", "1000"] });
  await assert.rejects(
    bed.monitor.createContainer({ ...refused, cgroup: () => Promise.reject(cause) }),
    cause,
  );
  await nothingLeft(refused.id);
});

test("stopped at any moment of its making, nothing is left", async () => {
  for (const delay of [1, 6, 12, 18, 24, 30, 36]) {
    const created = bed.bundle({ args: ["sleep", "1000"] });
    await bed.monitor.createContainer({ ...created, timeoutMs: delay }).then(
      () => bed.runtime.delete(created.id, { force: true }).then(() => bed.exits.forget(created.id)),
      (error) => assert.match(error.message, /no answer in/),
    );
    await nothingLeft(created.id);
  }
});
