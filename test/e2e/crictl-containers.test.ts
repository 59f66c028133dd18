import assert from "node:assert/strict";
import { appendFileSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Container } from "../../src/cri/messages.ts";
import { BUSYBOX, containerConfig } from "../support/configs.ts";
import { memoryLimit } from "../support/control-file.ts";
import { withoutCrictl } from "../support/crictl.ts";
import { CrictlPod, crictlSuite } from "../support/crictl-suite.ts";
import { eventually } from "../support/eventually.ts";
import { podConfigFor } from "../support/pods.ts";

const shell = (script: string) => ({ command: ["sh", "-c", script] });

describe("containers by crictl", { skip: withoutCrictl, concurrency: 3 }, () => {
  const parts = crictlSuite();
  const inspect = (id: string) => parts.crictl.json<Inspected>("inspect", id);
  const stateOf = async (id: string) => (await inspect(id)).status.state;

  it("create, start, stop and rm", async () => {
    const { crictl } = parts;
    await using pod = await CrictlPod.run(parts);
    const id = await pod.create(shell("trap 'exit 5' TERM; while :; do sleep 0.1; done"));
    assert.equal(await stateOf(id), "CONTAINER_CREATED");
    assert.equal(await crictl.ok("start", id), id);
    assert.match(await crictl.refusal("rm", id), /is running, please stop it first/);
    assert.equal(await crictl.ok("stop", "--timeout", "5", id), id);
    const { status, info } = await inspect(id);
    assert.deepEqual([status.state, status.exitCode, status.reason], ["CONTAINER_EXITED", 5, "Error"]);
    assert.equal(info.pid, 0);
    assert.match(await crictl.ok("ps", "--all", "--id", id), / Exited /);
    assert.equal(await crictl.ok("rm", id), id);
    assert.match(await crictl.refusal("inspect", id), /NotFound.*container .* not found/);
  });

  it("run makes pod and container in one, and pulls", async () => {
    const { crictl, daemon } = parts;
    const pod = crictl.file("run-pod.json", podConfigFor(daemon));
    const container = crictl.file("run.json", containerConfig());
    const id = await crictl.ok("run", "--with-pull", container, pod);
    const { info } = await inspect(id);
    assert.equal(await stateOf(id), "CONTAINER_RUNNING");
    await crictl.ok("rm", "--force", id);
    await crictl.ok("rmp", "--force", info.sandboxID);
  });

  it("ps finds containers by everything, and its JSON is what ListContainers answers", async () => {
    const { crictl, daemon } = parts;
    await using pod = await CrictlPod.run(parts);
    const labels = { role: "listed" };
    const runs = await pod.start({ labels, metadata: { name: "runs", attempt: 1 } });
    const rests = await pod.create({ labels, metadata: { name: "rests", attempt: 0 } });
    const found = async (...args: string[]) =>
      (await crictl.ok("ps", "--quiet", "--no-trunc", ...args)).split("\n").filter(Boolean);
    assert.deepEqual(await found("--label", "role=listed"), [runs]);
    assert.deepEqual(await found("--label", "role=listed", "--all"), [rests, runs]);
    assert.deepEqual(await found("--pod", pod.id, "--state", "created"), [rests]);
    assert.deepEqual(await found("--name", "^runs$"), [runs]);
    assert.deepEqual(await found("--id", runs.slice(0, 10)), [runs]);
    assert.deepEqual(await found("--pod", pod.id, "--image", BUSYBOX), [runs]);
    assert.deepEqual(await found("--pod", "f".repeat(64)), []);
    const { containers } = await daemon.client.runtime.ListContainers({ filter: { id: runs } });
    const json = await crictl.json<{ containers: Container[] }>("ps", "--id", runs);
    assert.deepEqual(json.containers, containers);
    const table = await crictl.ok("ps", "--id", runs);
    assert.match(
      table,
      new RegExp(`^${runs.slice(0, 13)} +${BUSYBOX} .* Running +runs +1 +${pod.id.slice(0, 13)}`, "m"),
    );
  });

  it("inspect shows status, pod, pid, configuration and specification, for a privileged container too", async () => {
    const { crictl } = parts;
    const { cgroupParent } = parts.daemon;
    await using pod = await CrictlPod.run(parts, {
      linux: { cgroupParent, securityContext: { privileged: true } },
    });
    const labels = { "io.kubernetes.container.name": "x" };
    const id = await pod.start({ ...shell("exec sleep 1000"), labels, envs: [] });
    const { status, info } = await inspect(id);
    assert.equal(status.id, id);
    assert.deepEqual(status.labels, labels);
    assert.equal(status.imageRef.split("@")[0], BUSYBOX.split(":")[0]);
    assert.equal(info.sandboxID, pod.id);
    assert.equal(info.privileged, false);
    assert.deepEqual(info.config.labels, labels);
    assert.deepEqual(info.runtimeSpec.process.args, ["sh", "-c", "exec sleep 1000"]);
    assert.match(readFileSync(`/proc/${info.pid}/cmdline`, "utf8"), /sleep/);
    const pid = await crictl.ok("inspect", "-o", "go-template", "--template", "{{.info.pid}}", id);
    assert.equal(Number(pid), info.pid);
    assert.match(await crictl.ok("inspect", "-o", "table", id), /^State: CONTAINER_RUNNING$/m);
    const mighty = await pod.create({ linux: { securityContext: { privileged: true } } });
    assert.equal((await inspect(mighty)).info.privileged, true);
  });

  it("logs: all, one stream, tail, since, bytes, time, and those of the instance before", async () => {
    const { crictl, daemon } = parts;
    await using pod = await CrictlPod.run(parts, { logDirectory: join(daemon.folder, "logs") });
    const script = "for n in 1 2 3; do echo out $n; done; echo err >&2; printf unended";
    const id = await pod.start({ ...shell(script), logPath: "several/0.log", metadata: { name: "several" } });
    await eventually(async () => assert.equal(await stateOf(id), "CONTAINER_EXITED"));
    const logs = async (...args: string[]) => {
      const { stdout, stderr, code } = await crictl.run(["logs", ...args, id]);
      assert.equal(code, 0, stderr);
      return [stdout.toString(), stderr];
    };
    assert.deepEqual(await logs(), ["out 1\nout 2\nout 3\nunended", "err\n"]);
    assert.deepEqual(await logs("--stream", "stderr"), ["", "err\n"]);
    assert.deepEqual(await logs("--stream", "stdout", "--limit-bytes", "8"), ["out 1\nou", ""]);
    assert.deepEqual(await logs("--since", "2019-01-02T13:23:37Z"), await logs());
    assert.deepEqual(await logs("--since", new Date(Date.now() + 60_000).toISOString()), ["", ""]);
    assert.match((await logs("--timestamps"))[0]!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\S+ out 1$/m);
    await pod.start({
      ...shell("echo later one; echo later two"),
      logPath: "several/1.log",
      metadata: { name: "several", attempt: 1 },
    });
    const latest = await crictl.ok("ps", "--all", "--quiet", "--name", "several", "--latest");
    await eventually(async () => assert.equal(await crictl.ok("logs", "--tail", "1", latest), "later two"));
    assert.equal(
      await crictl.ok("logs", "--previous", "--stream", "stdout", latest),
      "out 1\nout 2\nout 3\nunended",
    );
  });

  it("logs --follow shows what comes, also after the log was rotated, until the container ends", async () => {
    const { crictl, daemon } = parts;
    await using pod = await CrictlPod.run(parts, { logDirectory: join(daemon.folder, "logs") });
    const script =
      "echo first; while [ ! -e /second ]; do sleep 0.1; done; echo second; while [ ! -e /end ]; do sleep 0.1; done; echo third";
    const id = await pod.start({ ...shell(script), logPath: "followed.log" });
    await using follower = crictl.start("logs", "--follow", id);
    await follower.says(/^first\n/);
    await crictl.ok("exec", "--sync", id, "touch", "/second");
    await follower.says(/second\n/);
    // As the kubelet rotates.
    const path = join(daemon.folder, "logs/followed.log");
    renameSync(path, `${path}.1`);
    await crictl.ok("logs", "--reopen", id);
    await crictl.ok("exec", "--sync", id, "touch", "/end");
    await follower.says(/third\n/);
    const { code } = await follower.ended;
    assert.equal(code, 0);
  });

  it("logs --reopen of a log that nobody has moved away loses nothing", async () => {
    const { crictl, daemon } = parts;
    await using pod = await CrictlPod.run(parts, { logDirectory: join(daemon.folder, "logs") });
    const script =
      "for word in before after late; do echo $word; until rm /go 2>&-; do sleep 0.1; done; done";
    const id = await pod.start({ ...shell(script), logPath: "kept.log" });
    await eventually(async () => assert.equal(await crictl.ok("logs", id), "before"));
    await crictl.ok("logs", "--reopen", id);
    await crictl.ok("exec", "--sync", id, "touch", "/go");
    await eventually(async () => assert.equal(await crictl.ok("logs", id), "before\nafter"));
    // A rotation that leaves an empty file in the log's place, as logrotate does.
    const path = join(daemon.folder, "logs/kept.log");
    renameSync(path, `${path}.1`);
    appendFileSync(path, "");
    await crictl.ok("logs", "--reopen", id);
    await crictl.ok("exec", "--sync", id, "touch", "/go");
    await eventually(async () => assert.equal(await crictl.ok("logs", id), "late"));
  });

  it("update changes limits", async () => {
    const { crictl, daemon } = parts;
    await using pod = await CrictlPod.run(parts);
    const id = await pod.start();
    await crictl.ok("update", "--memory", "104857600", "--cpu-share", "512", id);
    assert.equal(memoryLimit(daemon.containerCgroup(id)), "104857600");
    const { status } = await inspect(id);
    assert.equal(status.resources.linux.memoryLimitInBytes, 104857600);
    assert.equal(status.resources.linux.cpuShares, 512);
    assert.match(await crictl.refusal("update", "--memory", "-7", id), /memory/);
  });

  it("stats shows what containers use, all of them and by id, pod and label", async () => {
    const { crictl } = parts;
    await using pod = await CrictlPod.run(parts);
    const id = await pod.start({
      labels: { measured: "yes" },
      ...shell("head -c 1000000 /dev/zero >/f; exec sleep 99"),
    });
    for (const filter of [
      ["--id", id],
      ["--pod", pod.id],
      ["--label", "measured=yes"],
    ]) {
      const { stats } = await crictl.json<{ stats: { attributes: { id: string } }[] }>("stats", ...filter);
      assert.deepEqual(
        stats.map(({ attributes }) => attributes.id),
        [id],
      );
    }
    const row = new RegExp(
      `^${id.slice(0, 13)} +container-\\S+ +\\d+\\.\\d\\d +[\\d.]+\\w?B +1\\.\\d+MB +\\d+`,
      "m",
    );
    // What a container has written is counted now and then.
    await eventually(async () => assert.match(await crictl.ok("stats", "--id", id), row), 20);
  });

  it("checkpoint is refused by name", async () => {
    const { crictl, daemon } = parts;
    await using pod = await CrictlPod.run(parts);
    const id = await pod.start();
    const why = await crictl.refusal("checkpoint", "--export", join(daemon.folder, "checkpoint.tar"), id);
    assert.match(why, /Unimplemented.*CheckpointContainer/);
  });
});

interface Inspected {
  status: {
    id: string;
    state: string;
    exitCode: number;
    reason: string;
    imageRef: string;
    labels: object;
    resources: { linux: { memoryLimitInBytes: number; cpuShares: number } };
  };
  info: {
    sandboxID: string;
    pid: number;
    privileged: boolean;
    config: { labels: object };
    runtimeSpec: { process: { args: string[] } };
  };
}
