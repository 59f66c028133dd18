import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ContainerInspection, PodInspection } from "../../src/client/inspection.ts";
import type { StatusReport } from "../../src/client/status-report.ts";
import { version } from "../../src/version.ts";
import { BUSYBOX } from "../support/configs.ts";
import { testRuntime } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const launcher = join(import.meta.dirname, "..", "..", "bin", "critter");

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

const critter = (...args: string[]) => run(launcher, args);

function run(program: string, args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

const shell = (script: string) => ({ command: ["sh", "-c", script] });

describe("critter status and critter inspect", () => {
  const parts = suite();
  const name = { name: "seen", namespace: "status", uid: "uid-of-seen", attempt: 0 };

  async function ask(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await critter(...args, "--config", parts.daemon.configFile);
    assert.equal(code, 0, stderr);
    return stdout;
  }
  const json = async <T>(...args: string[]) => JSON.parse(await ask(...args, "--json")) as T;

  it("status tells of the daemon, the images, and what pods and containers cost", async () => {
    const { daemon } = parts;
    await using pod = await livePod(daemon, {
      metadata: name,
      linux: { cgroupParent: daemon.cgroupBelow("seen") },
    });
    const busy = await pod.run({
      metadata: { name: "busy", attempt: 3 },
      ...shell("head -c 3000000 /dev/zero > /written; while :; do :; done"),
    });
    const failed = await pod.finish({ metadata: { name: "failed", attempt: 0 }, ...shell("exit 7") });

    const report = await eventually(async () => {
      const now = await json<StatusReport>("status");
      const written = now.podSandboxes[0]?.containers[0]?.stats?.writableLayer.usedBytes ?? 0;
      assert.ok(written >= 3_000_000, String(written));
      return now;
    }, 20);
    assert.equal(report.runtimeName, "critter");
    assert.equal(report.daemon?.version, version);
    assert.equal(report.daemon?.pid, daemon.pid);
    assert.ok(report.daemon.memory.rssBytes > 20e6 && report.daemon.cpu.usageCoreNanoSeconds > 1e7);
    assert.ok(Date.parse(report.daemon.startedAt) < Date.now());
    assert.deepEqual(report.runtimeHandlers, [testRuntime]);
    assert.equal(report.images, 2);
    assert.ok(report.imageFilesystem!.usedBytes > 1e6);

    const [seen, ...more] = report.podSandboxes;
    assert.equal(more.length, 0);
    assert.deepEqual([seen?.id, seen?.metadata, seen?.state], [pod.id, name, "SANDBOX_READY"]);
    assert.deepEqual(seen?.ips, [(await pod.status()).network?.ip]);
    assert.ok(seen.stats!.process.processCount >= 2);
    const [one, other] = seen.containers;
    assert.deepEqual([one?.id, one?.state, one?.image], [busy, "CONTAINER_RUNNING", BUSYBOX]);
    assert.ok(one!.stats!.cpu.usageNanoCores! > 1e8, String(one!.stats!.cpu.usageNanoCores));
    assert.deepEqual([other?.id, other?.exitCode, other?.stats], [failed.id, 7, null]);

    const text = await ask("status");
    assert.match(text, new RegExp(`^critter ${version.replaceAll(".", "\\.")}, CRI v1$`, "m"));
    assert.match(text, new RegExp(`^status/seen +${pod.id.slice(0, 13)} +ready +.* ${seen.ips[0]}$`, "m"));
    assert.match(text, new RegExp(`^ {2}busy #3 +${busy.slice(0, 13)} +running +.* % +.* ${BUSYBOX}$`, "m"));
    assert.match(text, /^ {2}failed +\S+ +exited 7 /m);
    assert.ok(!text.includes("\x1b"), "there are no colours where there is no terminal");
  });

  it("status tells what the last start found", async () => {
    const { daemon } = parts;
    await using pod = await livePod(daemon, { metadata: name });
    await pod.run();
    const dies = await pod.run(shell("exec sleep 1000"));
    const { info } = await daemon.client.runtime.ContainerStatus({ containerId: dies, verbose: true });
    await daemon.kill();
    process.kill(JSON.parse(info.info!).pid, "SIGKILL");
    await daemon.start();
    const { daemon: told } = await json<StatusReport>("status");
    const { sandboxes, containers, unreadable } = told!.recovery;
    assert.deepEqual(sandboxes, { adopted: 1, ended: 0, removed: 0 });
    assert.deepEqual(containers, { adopted: 1, ended: 1, removed: 0 });
    assert.equal(unreadable, 0);
    const text = await ask("status");
    assert.match(
      text,
      /recovery took \d+ ms: pods: 1 running on; containers: 1 running on, 1 ended meanwhile$/m,
    );
  });

  it("inspect shows a pod with its containers: network, mounts, limits, log, how the attempt before ended", async () => {
    const { daemon } = parts;
    const logDirectory = join(daemon.folder, "logs");
    await using pod = await livePod(daemon, { metadata: name, logDirectory, labels: { app: "shown" } });
    await pod.finish({ metadata: { name: "main", attempt: 0 }, ...shell("exit 9") });
    const id = await pod.run({
      metadata: { name: "main", attempt: 1 },
      logPath: "main/1.log",
      mounts: [{ hostPath: daemon.folder, containerPath: "/host", readonly: true }],
      linux: { resources: { memoryLimitInBytes: 100_000_000, cpuQuota: 50_000, cpuPeriod: 100_000 } },
    });
    const { ip } = (await pod.status()).network!;
    const text = await ask("inspect", "status/seen");
    for (const line of [
      /^pod status\/seen$/m,
      new RegExp(`^ {2}address +${ip}$`, "m"),
      /^ {2}labels +app=shown$/m,
      /^ {2}traffic +received .*, sent /m,
      /^container main #1$/m,
      /^ {2}last exit +#0 ended .* ago with 9 \(Error\)$/m,
      /^ {2}command +top$/m,
      /^ {2}resources +cpu: at most 0\.5 of a processor$/m,
      / memory: at most 100 MB$/m,
      new RegExp(`^ {2}mounts +${daemon.folder} -> /host \\(read-only\\)$`, "m"),
      new RegExp(`^ {2}log +${logDirectory}/main/1\\.log$`, "m"),
    ]) {
      assert.match(text, line);
    }
    type Answer = { kind: string; podSandbox: PodInspection; containers: ContainerInspection[] };
    const whole = await json<Answer>("inspect", "seen");
    assert.deepEqual([whole.kind, whole.podSandbox.id, whole.containers.length], ["PodSandbox", pod.id, 2]);
    assert.equal(whole.podSandbox.namespaces.network, "POD");
    assert.ok(whole.podSandbox.cniResult);
    for (const named of ["main", "seen/main", id.slice(0, 9)]) {
      const { kind, podSandbox, containers } = await json<Answer>("inspect", named);
      assert.deepEqual([kind, podSandbox.id, containers.map((one) => one.id)], ["Container", pod.id, [id]]);
      assert.equal(containers[0]?.lastExit?.exitCode, 9);
    }
  });

  it("inspect shows an image and who uses it", async () => {
    await using pod = await livePod(parts.daemon, { metadata: name });
    const id = await pod.run({ metadata: { name: "user", attempt: 0 } });
    const text = await ask("inspect", BUSYBOX);
    assert.match(text, new RegExp(`^image ${BUSYBOX}\n {2}id +sha256:[0-9a-f]{64}$`, "m"));
    assert.match(text, /^ {2}platform +linux\/amd64$/m);
    assert.match(text, new RegExp(`^ {2}containers +${id.slice(0, 13)} {2}status/seen/user, running$`, "m"));
    type Answer = { kind: string; image: { repoTags: string[] }; containers: { id: string }[] };
    const { kind, image, containers } = await json<Answer>("inspect", BUSYBOX);
    assert.deepEqual([kind, image.repoTags, containers.map((one) => one.id)], ["Image", [BUSYBOX], [id]]);
  });

  it("what is not there, a daemon that is not there and wrong words are told apart by status and message", async () => {
    const { daemon } = parts;
    const nobody = await critter("inspect", "nobody", "--socket", daemon.socket);
    assert.deepEqual([nobody.code, nobody.stdout], [1, ""]);
    assert.match(
      nobody.stderr,
      /^critter: there is no pod, container or image of the name or id "nobody"\n$/,
    );
    for (const command of [["status"], ["inspect", "x"]]) {
      const lonely = await critter(...command, "--socket", `${daemon.socket}.absent`);
      assert.equal(lonely.code, 1);
      assert.match(lonely.stderr, /^critter: nothing answers at .*absent; is the daemon running\?\n$/);
    }
    const asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", launcher];
    const stranger = await run("setpriv", [...asNobody, "status", "--socket", daemon.socket]);
    assert.equal(stranger.code, 1);
    assert.match(stranger.stderr, /^critter: no permission to connect to .*critter\.sock\n$/);
    assert.equal((await critter("status", "everything")).code, 2);
    assert.equal((await critter("inspect")).code, 2);
    assert.match((await critter("inspect", "--help")).stdout, /^Usage: critter inspect/);
    assert.match((await critter("status", "--help")).stdout, /^Usage: critter status/);
  });
});
