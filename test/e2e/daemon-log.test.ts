import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const parts = suite();
const launcher = join(import.meta.dirname, "..", "..", "bin", "critter");

interface LogLine {
  time: string;
  level: string;
  msg: string;
  [field: string]: unknown;
}

/** The daemon's log; a line that is not JSON fails the test. */
function logLines(): LogLine[] {
  const log = readFileSync(join(parts.daemon.folder, "critter.log"), "utf8");
  return log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** The first line after `from` that was logged with this message. */
function logged(msg: string, from: number): Promise<LogLine> {
  return eventually(() => {
    const line = logLines()
      .slice(from)
      .find((one) => one.msg === msg);
    assert.ok(line, `a line ${JSON.stringify(msg)}`);
    return line;
  });
}

test("a call's log lines have its RPC, request, pod, container and duration", async () => {
  const { daemon } = parts;
  const from = logLines().length;
  await using pod = await livePod(daemon);
  const id = await pod.run();
  const { runtime } = daemon.client;
  await assert.rejects(runtime.StartContainer({ containerId: id }), { code: status.FAILED_PRECONDITION });
  const lines = logLines().slice(from);
  const answered = (rpc: string) => lines.find((line) => line.rpc === rpc && line.msg === "answered");
  assert.partialDeepStrictEqual(answered("RunPodSandbox"), { level: "info", pod_id: pod.id });
  const create = answered("CreateContainer");
  assert.partialDeepStrictEqual(create, { level: "info", pod_id: pod.id, container_id: id });
  const failed = lines.find(({ msg }) => msg === "failed");
  const fields = { level: "error", rpc: "StartContainer", container_id: id, code: "FAILED_PRECONDITION" };
  assert.partialDeepStrictEqual(failed, fields);
  const calls = lines.filter(({ rpc }) => rpc !== undefined);
  assert.ok(calls.every(({ request_id }) => /^[0-9a-f]{8}$/.test(String(request_id))));
  assert.ok(typeof create?.duration_ms === "number" && create.duration_ms > 0);
});

test("SIGHUP takes over log_level, and leaves all as it was when the file is wrong", async () => {
  const { daemon } = parts;
  const config = readFileSync(daemon.configFile, "utf8");
  const reload = async (level: string, msg: string) => {
    const from = logLines().length;
    writeFileSync(daemon.configFile, config.replace('log_level = "debug"', `log_level = ${level}`));
    process.kill(daemon.pid, "SIGHUP");
    return logged(msg, from);
  };
  const line = await reload('"info"', "configuration reloaded");
  assert.deepEqual(line.applied, ["crio.runtime.log_level"]);
  const from = logLines().length;
  await daemon.client.runtime.Version({});
  const refused = await reload("7", "configuration not reloaded, the old one stays in force");
  assert.match(String(refused.error), /log_level is 7, it must be/);
  assert.ok(!logLines().some(({ level }, at) => at >= from && level === "debug"));
  await reload('"debug"', "configuration reloaded");
});

test("a log that nobody reads any more does not end the daemon", async () => {
  const { daemon } = parts;
  assert.equal(await daemon.stop(), 0);
  const piped = spawn(launcher, ["--config", daemon.configFile], { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(piped, "exit");
  for await (const line of createInterface({ input: piped.stderr })) if (line.includes('"serving"')) break;
  piped.stderr.destroy();
  for (let call = 0; call < 3; call++) await daemon.client.runtime.Version({});
  piped.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
  await daemon.start();
});

test("SIGUSR1 does not open Node's debugger, by which every user of the node would be root", async () => {
  const { daemon } = parts;
  const from = logLines().length;
  process.kill(daemon.pid, "SIGUSR1");
  process.kill(daemon.pid, "SIGHUP");
  await logged("configuration reloaded", from);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.doesNotMatch(readFileSync(join(daemon.folder, "critter.log"), "utf8"), /debugger/i);
  await daemon.client.runtime.Version({});
});
