import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { RuntimeError, runtimeMessage } from "./runtime-error.ts";
import { TestBed } from "./test-bed.test.ts";

const bed = new TestBed();
await bed.exits.start();
after(() => bed.remove());
const { runtime } = bed;

test("a container's life: state, list, update, kill, delete", async () => {
  const { id, process } = await bed.start({ args: ["sleep", "1000"] });
  const state = await runtime.state(id);
  assert.equal(state?.status, "running");
  assert.equal(state?.pid, process.pid);
  assert.deepEqual(
    (await runtime.list()).map((one) => one.id),
    [id],
  );
  await runtime.update(id, { cpu: { shares: 333 } });
  assert.equal(readFileSync(`/sys/fs/cgroup/cpu${bed.cgroup}/${id}/cpu.shares`, "utf8"), "333\n");
  await runtime.kill(id, 9);
  assert.equal((await bed.exits.wait(id)).exitCode, 137);
  await runtime.delete(id);
  assert.equal(await runtime.state(id), undefined);
  assert.deepEqual(await runtime.list(), []);
});

test("a cgroup that stays busy for longer than the runtime tries goes all the same", async () => {
  const { id } = await bed.start({ args: ["sleep", "1000"] });
  const folder = `/sys/fs/cgroup/blkio${bed.cgroup}/${id}`;
  const guest = spawn("sleep", ["0.6"]);
  writeFileSync(`${folder}/cgroup.procs`, String(guest.pid));
  await runtime.delete(id, { force: true });
  assert.equal(existsSync(folder), false);
});

test("an unknown container: deleting it is done already, all else says so", async () => {
  await runtime.delete("unknown");
  await runtime.delete("unknown", { force: true });
  assert.equal(await runtime.state("unknown"), undefined);
  const notFound = { name: "RuntimeError", message: "runc start: container does not exist", notFound: true };
  await assert.rejects(runtime.start("unknown"), notFound);
  await assert.rejects(runtime.kill("unknown", "TERM"), { notFound: true });
  await assert.rejects(runtime.update("unknown", {}), { notFound: true });
});

test("a refusal carries the runtime's words", async () => {
  const { id } = await bed.start({ args: ["sleep", "1000"] });
  await assert.rejects(runtime.start(id), /runc start: cannot start an already running container/);
  await assert.rejects(
    runtime.delete(id),
    /runc delete: cannot delete container c\d+ that is not stopped: running/,
  );
  await assert.rejects(runtime.update(id, { cpu: { cpus: "9999" } }), /runc update: .*cpuset\.cpus/);
  await runtime.delete(id, { force: true });
});

test("what it is and what it can", async () => {
  assert.match(await runtime.version(), /^runc version \d/);
  const features = await runtime.features();
  assert.ok(features === undefined || features.linux?.namespaces?.includes("network"));
});

test("messages are taken out of log lines; crun's missing containers are known", () => {
  const line = (level: string, msg: string) => JSON.stringify({ level, msg, time: "2026-01-01T00:00:00Z" });
  const output = [
    line("warning", "deprecated"),
    line("error", "no such thing"),
    line("error", "no such thing"),
  ];
  assert.equal(runtimeMessage(output.join("\n")), "no such thing");
  assert.equal(runtimeMessage(line("warning", "deprecated")), "deprecated");
  assert.equal(runtimeMessage("plain text\n"), "plain text");
  const spread = JSON.stringify({ msg: "mkdirat `proc`: Permission denied", level: "error" }, null, 1);
  assert.equal(runtimeMessage(`${spread}\nplain\n`), "mkdirat `proc`: Permission denied; plain");
  for (const said of [
    "error opening file `/run/x/status`: No such file or directory",
    "cannot open directory '/run/x': No such file or directory",
  ]) {
    assert.equal(new RuntimeError("crun delete", said).notFound, true);
  }
  assert.equal(
    new RuntimeError("crun start", "executable file not found in $PATH: No such file").notFound,
    false,
  );
});
