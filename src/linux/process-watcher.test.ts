import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { after, test } from "node:test";
import { isAlive, processIdentity } from "./process.ts";
import { ProcessWatcher } from "./process-watcher.ts";

const watcher = new ProcessWatcher();
after(() => watcher.close());

const openFiles = () => readdirSync("/proc/self/fd").length;

/** A process that is nobody's child here, as a monitor is. */
function stranger(): number {
  return Number(execFileSync("sh", ["-c", "sleep 1000 >/dev/null 2>&1 & echo $!"], { encoding: "utf8" }));
}

test("the end of each process is told, of strangers and of children", async () => {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  const pids = [stranger(), stranger(), child.pid!];
  const ended: number[] = [];
  const watches = pids.map((pid) => watcher.watch(pid).then(() => ended.push(pid)));
  const before = openFiles();
  process.kill(pids[1]!, "SIGKILL");
  await watches[1];
  assert.deepEqual(ended, [pids[1]]);
  process.kill(pids[0]!, "SIGKILL");
  child.kill("SIGKILL");
  await Promise.all(watches);
  assert.equal(openFiles(), before - 3);
});

test("after a rest it watches again, and one that is gone is told at once", async () => {
  const pid = stranger();
  const identity = processIdentity(pid)!;
  const watch = watcher.watch(pid);
  process.kill(pid, "SIGKILL");
  await watch;
  assert.equal(isAlive(identity), false);
  await watcher.watch(pid);
});

test("a hundred ends at once are all told", async () => {
  const pids = Array.from({ length: 100 }, stranger);
  const watches = pids.map((pid) => watcher.watch(pid));
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await Promise.all(watches);
});

test("neither an exit of the program nor close() waits for a process that is watched", () => {
  const pid = stranger();
  try {
    for (const end of [
      "process.exit(7)",
      "setTimeout(() => { watcher.close(); process.exitCode = 7; }, 20)",
    ]) {
      const code = `import { ProcessWatcher } from "${import.meta.dirname}/process-watcher.ts";
        const watcher = new ProcessWatcher(); watcher.watch(${pid}); setTimeout(() => { ${end} }, 20);`;
      const run = () =>
        execFileSync(process.execPath, ["--input-type=module", "-e", code], {
          timeout: 20_000,
          stdio: "ignore",
        });
      assert.throws(run, { status: 7 });
    }
  } finally {
    process.kill(pid, "SIGKILL");
  }
});
