import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ContainerConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { outcome } from "../support/cri.ts";
import { type LogLine, parseLog } from "../support/cri-log.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { type Suite, suite } from "../support/suite.ts";

function podWithLogs({ daemon }: Suite): Promise<LivePod> {
  return livePod(daemon, { logDirectory: join(daemon.folder, "logs", String(Math.random())) });
}

async function logOf(pod: LivePod, script: string, changes: Init<ContainerConfig> = {}): Promise<LogLine[]> {
  const { logPath } = await pod.finish({ command: ["sh", "-c", script], logPath: "0.log", ...changes });
  return parseLog(readFileSync(logPath, "utf8"));
}

describe("a container's log", { concurrency: 4 }, () => {
  const parts = suite();

  it("has time, stream, tag and text of each line, in their order", async () => {
    await using pod = await podWithLogs(parts);
    const lines = await logOf(pod, "echo one; sleep 0.1; echo two >&2; sleep 0.1; echo; printf end");
    assert.deepEqual(
      lines.map(({ stream, tag, text }) => [stream, tag, text]),
      [
        ["stdout", "F", "one"],
        ["stderr", "F", "two"],
        ["stdout", "F", ""],
        ["stdout", "P", "end"],
      ],
    );
    const times = lines.map(({ time }) => time);
    assert.deepEqual(times, times.toSorted());
  });

  it("a long line is in partial ones", async () => {
    await using pod = await podWithLogs(parts);
    const lines = await logOf(pod, "head -c 40000 /dev/zero | tr '\\0' x; echo; echo next");
    const next = lines.findIndex(({ text }) => text === "next");
    const parted = lines.slice(0, next);
    assert.equal(parted.map(({ text }) => text).join(""), "x".repeat(40_000));
    assert.ok(parted.length > 1 && parted.slice(0, -1).every(({ tag }) => tag === "P"));
    assert.equal(parted.at(-1)?.tag, "F");
  });

  it("a terminal's has one stream, and carriage returns", async () => {
    await using pod = await podWithLogs(parts);
    const lines = await logOf(pod, "tty; echo error >&2; echo $TERM", { tty: true, stdin: true });
    assert.ok(lines.every(({ stream }) => stream === "stdout"));
    assert.deepEqual(
      lines.map(({ text }) => text),
      ["/dev/pts/0\r", "error\r", "xterm\r"],
    );
  });

  it("stdin is /dev/null, or stays open for who will attach", async () => {
    await using pod = await podWithLogs(parts);
    assert.equal((await pod.finish({ command: ["cat"] })).exitCode, 0);
    for (const stdinOnce of [true, false]) {
      const id = await pod.run({ command: ["cat"], stdin: true, stdinOnce });
      await pod.sh(id, "echo");
      assert.equal((await containerStatus(parts.daemon, id)).state, "CONTAINER_RUNNING");
    }
  });

  it("is where the pod's folder and the container's path say, in folders made for it, and stays", async () => {
    const { daemon } = parts;
    const logDirectory = join(daemon.folder, "logs", "made");
    const pod = await livePod(daemon, { logDirectory });
    const { logPath } = await pod.finish({ command: ["echo", "kept"], logPath: "deep/er/1.log" });
    assert.equal(logPath, join(logDirectory, "deep/er/1.log"));
    await pod[Symbol.asyncDispose]();
    assert.match(readFileSync(logPath, "utf8"), /kept/);
  });

  it("ReopenContainerLog begins a new file, and no line is lost; a container that does not run has none", async () => {
    const { runtime } = parts.daemon.client;
    await using pod = await podWithLogs(parts);
    const script = "n=0; while true; do n=$((n + 1)); echo $n; sleep 0.02; done";
    const containerId = await pod.run({ command: ["sh", "-c", script], logPath: "0.log" });
    const { logPath } = await containerStatus(parts.daemon, containerId);
    for (let time = 1; time <= 3; time++) {
      await eventually(() => assert.ok(statSync(logPath).size > 0));
      renameSync(logPath, `${logPath}.${time}`);
      await runtime.ReopenContainerLog({ containerId });
      assert.ok(existsSync(logPath));
    }
    await runtime.StopContainer({ containerId, timeout: 0 });
    const text = [1, 2, 3].map((time) => readFileSync(`${logPath}.${time}`, "utf8")).join("");
    const numbers = parseLog(text + readFileSync(logPath, "utf8")).map((line) => Number(line.text));
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => at + 1),
    );
    assert.equal(await outcome(runtime.ReopenContainerLog({ containerId })), "FAILED_PRECONDITION");
  });
});

describe("log_size_max", () => {
  const parts = suite({ settings: { "crio.runtime": { log_size_max: 16_384 } } });

  it("begins the log anew at that size", async () => {
    await using pod = await podWithLogs(parts);
    const lines = await logOf(pod, "for n in $(seq 1 2000); do echo line $n of many; done");
    assert.equal(lines.at(-1)?.text, "line 2000 of many");
    assert.ok(lines.length < 1000);
    assert.ok(statSync(join(pod.config.logDirectory!, "0.log")).size <= 16_384);
  });
});
