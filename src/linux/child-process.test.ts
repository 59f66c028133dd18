import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { spawn } from "./child-process.ts";

const openFiles = () => readdirSync("/proc/self/fd").length;

test("a child gets input, arguments, environment and folder, and gives both outputs and its exit code", async () => {
  const script = 'read word; echo "$word $1 $NAME $(pwd)"; echo problem >&2; echo third >&3; exit 7';
  const child = spawn("sh", ["-c", script, "sh", "argument"], {
    cwd: "/proc",
    env: { NAME: "value", PATH: "/usr/bin:/bin" },
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  child.stdin?.end("input\n");
  const third = child.stdio[3];
  assert.ok(child.stdout && child.stderr && third);
  const outputs = [text(child.stdout), text(child.stderr), text(third)];
  const [code, signal] = await once(child, "close");
  assert.deepEqual(await Promise.all(outputs), ["input argument value /proc\n", "problem\n", "third\n"]);
  assert.deepEqual([code, signal, child.exitCode], [7, null, 7]);
});

test("a child that is killed says by which signal, and killing it again does nothing", async () => {
  const child = spawn("sleep", ["1000"], { stdio: ["ignore", "ignore", "ignore"] });
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [null, "SIGTERM"]);
  child.kill("SIGKILL");
});

test("a program that is not there is an error event, and leaves no descriptor", async () => {
  spawn("true", [], { stdio: ["ignore"] });
  const before = openFiles();
  const child = spawn("/nonexistent/program", [], { stdio: ["pipe", "pipe", "pipe"] });
  assert.equal(child.pid, undefined);
  const [error] = await once(child, "error");
  assert.equal(error.code, "ENOENT");
  assert.match(error.message, /\/nonexistent\/program/);
  assert.equal(openFiles(), before);
});

test("a child has none of the daemon's descriptors, signals as at login, and a session of its own if asked", async () => {
  const own = openSync("/dev/null", "r");
  // The masks are read of a command: the shell itself blocks all signals for the moment in which it starts one.
  const child = spawn(
    "sh",
    ["-c", "ls /proc/self/fd; cat /proc/$$/stat; grep -E 'SigIgn|SigBlk' /proc/self/status"],
    {
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  assert.ok(child.stdout);
  const output = await text(child.stdout);
  closeSync(own);
  const descriptors = output.split("\n").filter((line) => /^\d+$/.test(line));
  assert.ok(descriptors.includes("2") && !descriptors.includes(String(own)), output);
  const [, session] = /^\d+ \(sh\) . \d+ \d+ (\d+)/m.exec(output) ?? [];
  assert.equal(Number(session), child.pid);
  // 32 and 33 are the C library's own.
  assert.match(output, /SigBlk:\t0+\nSigIgn:\t0+[01]80000000\n|SigBlk:\t0+\nSigIgn:\t0+\n/);
});

test("a hundred children at once are all reaped", async () => {
  const children = Array.from({ length: 100 }, (_, index) =>
    spawn("sh", ["-c", `exit ${index}`], { stdio: ["ignore", "pipe", "ignore"] }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
  assert.deepEqual(
    codes,
    children.map((_, index) => index),
  );
  const tasks = readFileSync(`/proc/self/task/${process.pid}/children`, "latin1");
  assert.equal(tasks.trim(), "");
});

test("children that end while others begin are told of once each", async () => {
  const codes: unknown[] = [];
  const lives = async () => {
    for (let life = 0; life < 25; life++) {
      const child = spawn("true", [], { stdio: ["ignore", "ignore", "pipe"] });
      child.on("exit", (code) => codes.push(code));
      await once(child, "close");
    }
  };
  await Promise.all(Array.from({ length: 8 }, lives));
  assert.deepEqual(codes, Array(200).fill(0));
});
