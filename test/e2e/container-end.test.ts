import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { NGINX } from "../support/configs.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { processesRootedIn } from "../support/processes.ts";
import { suite } from "../support/suite.ts";

const MESSAGE_PATH = "io.kubernetes.container.terminationMessagePath";

describe("a container's end", { concurrency: 4 }, () => {
  const parts = suite({ images: [NGINX] });

  it("Completed or Error, with code and times in order", async () => {
    await using pod = await livePod(parts.daemon);
    const completed = await pod.finish({ command: ["true"] });
    assert.deepEqual([completed.exitCode, completed.reason], [0, "Completed"]);
    const failed = await pod.finish({ command: ["sh", "-c", "exit 42"] });
    assert.deepEqual([failed.exitCode, failed.reason], [42, "Error"]);
    const killed = await pod.finish({ command: ["sh", "-c", "sh -c 'kill -SEGV $PPID'; exit 1"] });
    assert.equal(killed.exitCode, 139);
    for (const { createdAt, startedAt, finishedAt } of [completed, failed, killed]) {
      assert.ok(BigInt(createdAt) > 0n && BigInt(createdAt) <= BigInt(startedAt));
      assert.ok(BigInt(startedAt) <= BigInt(finishedAt), `${startedAt} ${finishedAt}`);
    }
  });

  it("OOMKilled, when the memory limit kills it", async () => {
    await using pod = await livePod(parts.daemon);
    const ended = await pod.finish({
      command: ["sh", "-c", "x=x; while true; do x=$x$x; done"],
      linux: { resources: { memoryLimitInBytes: 32 << 20 } },
    });
    assert.deepEqual([ended.exitCode, ended.reason], [137, "OOMKilled"]);
  });

  it("by the request's stop signal", async () => {
    await using pod = await livePod(parts.daemon);
    const traps = "trap 'exit 7' USR1; trap 'exit 8' TERM";
    const containerId = await pod.runTrapping(traps, { stopSignal: "SIGNAL_SIGUSR1" });
    await parts.daemon.client.runtime.StopContainer({ containerId, timeout: 30 });
    const { exitCode, stopSignal } = await containerStatus(parts.daemon, containerId);
    assert.deepEqual([exitCode, stopSignal], [7, "SIGNAL_SIGUSR1"]);
  });

  it("by the image's stop signal, or SIGTERM", async () => {
    await using pod = await livePod(parts.daemon);
    const traps = "trap 'exit 9' QUIT; trap 'exit 8' TERM";
    const containers = [
      [await pod.runTrapping(traps, { image: { image: NGINX } }), 9],
      [await pod.runTrapping(traps), 8],
    ] as const;
    for (const [containerId, code] of containers) {
      await parts.daemon.client.runtime.StopContainer({ containerId, timeout: 30 });
      assert.equal((await containerStatus(parts.daemon, containerId)).exitCode, code);
    }
  });

  it("by SIGKILL when the signal is ignored and the grace period over, or there is none", async () => {
    const { runtime } = parts.daemon.client;
    await using pod = await livePod(parts.daemon);
    for (const timeout of [1, 0]) {
      const containerId = await pod.runTrapping("trap '' TERM");
      await runtime.StopContainer({ containerId, timeout });
      const { exitCode, reason } = await containerStatus(parts.daemon, containerId);
      assert.deepEqual([exitCode, reason], [137, "Error"]);
    }
  });

  it("sooner, when a second StopContainer has less patience", async () => {
    const { runtime } = parts.daemon.client;
    await using pod = await livePod(parts.daemon);
    const containerId = await pod.runTrapping("trap '' TERM");
    const patient = runtime.StopContainer({ containerId, timeout: 600 });
    await runtime.StopContainer({ containerId, timeout: 0 });
    await patient;
    assert.equal((await containerStatus(parts.daemon, containerId)).exitCode, 137);
  });

  it("before it was started; after that it cannot be started", async () => {
    const { runtime } = parts.daemon.client;
    await using pod = await livePod(parts.daemon);
    const containerId = await pod.create();
    await runtime.StopContainer({ containerId, timeout: 5 });
    const { state, startedAt } = await containerStatus(parts.daemon, containerId);
    assert.deepEqual([state, startedAt], ["CONTAINER_EXITED", 0]);
    await assert.rejects(runtime.StartContainer({ containerId }), /only a created one can be started/);
  });

  it("takes along the processes that it left in the pod's PID namespace", async () => {
    await using pod = await livePod(parts.daemon);
    const observer = await pod.run();
    const script = `setsid sleep 98765 & while ! pgrep -f '^sleep 98765'; do :; done; exit 3`;
    const ended = await pod.finish({ command: ["sh", "-c", script] });
    assert.equal(ended.exitCode, 3);
    await eventually(async () => assert.equal(await pod.sh(observer, `pgrep -x sleep || true`), ""));
  });

  it("Unknown, when its monitor was killed", async () => {
    const { runtime } = parts.daemon.client;
    await using pod = await livePod(parts.daemon);
    const containerId = await pod.run();
    const { info } = await runtime.ContainerStatus({ containerId, verbose: true });
    const { monitorPid, pid } = JSON.parse(info.info!);
    process.kill(monitorPid, "SIGKILL");
    const { reason, exitCode } = await pod.ended(containerId);
    assert.deepEqual([reason, exitCode], ["Unknown", 137]);
    await eventually(() => assert.ok(!processesRootedIn(parts.daemon.folder).includes(pid)));
    assert.equal(await pod.sh(await pod.run(), "echo others run"), "others run");
  });

  it("with last words, by annotation alone or in the file that the kubelet mounts", async () => {
    await using pod = await livePod(parts.daemon);
    const annotations = { [MESSAGE_PATH]: "/dev/termination-log" };
    const path = { [MESSAGE_PATH]: "/tmp/words" };
    const script = "echo last words >/tmp/words; ln -s /etc/shadow /dev/termination-log; exit 1";
    assert.equal(
      (await pod.finish({ command: ["sh", "-c", script], annotations: path })).message,
      "last words\n",
    );
    assert.equal((await pod.finish({ command: ["sh", "-c", script], annotations })).message, "");
    const hostPath = join(parts.daemon.folder, "words");
    writeFileSync(hostPath, "");
    await pod.finish({
      command: ["sh", "-c", "echo to the kubelet >/dev/termination-log"],
      annotations,
      mounts: [{ hostPath, containerPath: "/dev/termination-log" }],
    });
    assert.equal(readFileSync(hostPath, "utf8"), "to the kubelet\n");
  });
});
