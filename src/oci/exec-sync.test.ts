import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { machineCgroups } from "../cgroups/machine.ts";
import { processesIn } from "../cgroups/processes.ts";
import { execSync } from "./exec-sync.ts";
import { TestBed } from "./test-bed.test.ts";

const bed = new TestBed();
after(() => bed.remove());
const container = await bed.start({ args: ["sleep", "1000000"] });
const { process } = JSON.parse(readFileSync(`${container.bundle}/config.json`, "utf8"));

const exec = (args: string[], options: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
  execSync({
    runtime: bed.runtime,
    id: container.id,
    process: { ...process, args },
    timeoutMs: 0,
    ...options,
  });

const inContainer = () => processesIn(machineCgroups(), `${bed.cgroup}/${container.id}`);
const cgroups = bed.cgroupFolders();

/** Nothing but the container's own process, its own cgroups, and no file. */
function nothingLeft(): void {
  assert.deepEqual(inContainer(), [container.process.pid]);
  assert.deepEqual(bed.cgroupFolders(), cgroups);
  assert.deepEqual(readdirSync(`${bed.runtime.root}-exec`), []);
}

test("output, errors and exit code come back", async () => {
  const { stdout, stderr, exitCode } = await exec(["sh", "-c", "echo out; echo err >&2; exit 7"]);
  assert.equal(stdout.toString(), "out\n");
  assert.equal(stderr.toString(), "err\n");
  assert.equal(exitCode, 7);
  const silent = await exec(["true"]);
  assert.deepEqual([silent.stdout.length, silent.stderr.length, silent.exitCode], [0, 0, 0]);
  nothingLeft();
});

test("a process that ends by a signal, or with the runtime's own code, is no failure of the exec", async () => {
  assert.equal((await exec(["sh", "-c", "kill -9 $$"])).exitCode, 137);
  assert.equal((await exec(["sh", "-c", "exit 255"])).exitCode, 255);
});

test("output is kept up to 16 MiB, and more does not stop the process", async () => {
  const { stdout, exitCode } = await exec(["sh", "-c", "head -c 20000000 /dev/zero && exit 5"]);
  assert.equal(stdout.length, 16 << 20);
  assert.equal(exitCode, 5);
});

test("a command that does not exist is an error with the runtime's words", async () => {
  await assert.rejects(
    exec(["no-such-command"]),
    /runc exec: .*"no-such-command": executable file not found in \$PATH/,
  );
  nothingLeft();
  const unknown = execSync({ runtime: bed.runtime, id: "unknown", process, timeoutMs: 0 });
  await assert.rejects(unknown, { notFound: true });
});

const stayers = {
  "a plain sleep": ["sleep", "1000"],
  "a child in a new session": ["sh", "-c", "setsid sleep 1000 & sleep 1000"],
  "a child that ignores hangups": ["sh", "-c", "nohup sleep 1000 >/dev/null 2>&1 & sleep 1000"],
  "a double fork": ["sh", "-c", "(sleep 1000 &) ; sleep 1000"],
  "a double fork with a clean environment that holds stdout": ["sh", "-c", "(setsid env -i sleep 1000 &)"],
  "one that ignores signals": ["sh", "-c", "trap '' TERM INT HUP; while true; do sleep 1; done"],
  "one that forks all the time": ["sh", "-c", "while true; do (sleep 1000 &); sleep 0.01; done"],
};

for (const [name, args] of Object.entries(stayers)) {
  test(`no process is left after the time limit: ${name}`, async () => {
    await assert.rejects(exec(args, { timeoutMs: 300 }), {
      code: status.DEADLINE_EXCEEDED,
      message: /timeout 0.3s exceeded: context deadline exceeded/,
    });
    nothingLeft();
  });
}

test("a limit or an abort at any moment of the start leaves nothing", async () => {
  for (const timeoutMs of [1, 5, 10, 15, 20, 25, 30]) {
    await assert.rejects(exec(["sleep", "1000"], { timeoutMs }), { code: status.DEADLINE_EXCEEDED });
    nothingLeft();
  }
  await assert.rejects(exec(["sleep", "1000"], { signal: AbortSignal.timeout(20) }), {
    name: "TimeoutError",
  });
  nothingLeft();
});

test("a process that an exec leaves on purpose goes on as one of the container's", async () => {
  const { exitCode } = await exec(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &"]);
  assert.equal(exitCode, 0);
  assert.equal(inContainer().length, 2);
  assert.deepEqual(bed.cgroupFolders(), cgroups);
  for (const pid of inContainer()) if (pid !== container.process.pid) globalThis.process.kill(pid, "SIGKILL");
});

test("execs at the same time do not disturb each other", async () => {
  const slow = exec(["sh", "-c", "sleep 0.5; echo slow"]);
  await assert.rejects(exec(["sleep", "1000"], { timeoutMs: 200 }), { code: status.DEADLINE_EXCEEDED });
  assert.equal((await slow).stdout.toString(), "slow\n");
});
