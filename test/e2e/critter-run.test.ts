import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, afterEach, before, describe, it } from "node:test";
import { storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { BUSYBOX } from "../support/configs.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";

const launcher = join(import.meta.dirname, "../../bin/critter");

describe("critter run", () => {
  let registry: Registry;
  let daemon: Daemon;

  before(async () => {
    registry = await Registry.start({ storage: storeFolder() });
    daemon = await startDaemon({ registry: registry.address });
  });
  after(async () => {
    await daemon?.dispose();
    await registry?.stop();
  });
  afterEach(async () => {
    const { items } = await daemon.client.runtime.ListPodSandbox();
    assert.deepEqual(items, []);
    const logs = readdirSync(tmpdir()).filter((name) => name.startsWith("run-test-"));
    assert.deepEqual(logs, []);
  });

  function start(...args: string[]): ChildProcess {
    const own = [
      "run",
      "--socket",
      daemon.socket,
      "--cgroup-parent",
      daemon.cgroupParent,
      "--name",
      "run-test",
    ];
    return spawn(launcher, [...own, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  }

  async function run(...args: string[]) {
    const child = start(...args);
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, "exit"),
    ]);
    return { stdout, stderr, status: status as number };
  }

  it("pulls the image, prints both streams and answers with the exit code", async () => {
    const { stdout, stderr, status } = await run(BUSYBOX, "--", "sh", "-c", "echo out; echo err >&2; exit 3");
    assert.equal(stdout, "out\n");
    assert.match(stderr, /^pulling .*busybox.*\npulled .*busybox.*, [\d.]+ MB in [\d.]+ s\nerr\n$/);
    assert.equal(status, 3);
  });

  it("gives environment, folders and a hostname", async () => {
    const script = 'echo "$GREETING from $(hostname)"; cat /host/critter.log | head -c 1; touch /host/x';
    const mount = `${daemon.folder}:/host:ro`;
    const { stdout, stderr, status } = await run(
      "-e",
      "GREETING=hello",
      "-v",
      mount,
      BUSYBOX,
      "--",
      "sh",
      "-c",
      script,
    );
    assert.match(stdout, /^hello from run-test\n\{/);
    assert.match(stderr, /Read-only file system/);
    assert.equal(status, 1);
  });

  it("prints a long line whole, and what has no newline at its end", async () => {
    const script = "head -c 100000 /dev/zero | tr '\\0' x; echo; printf end";
    const { stdout, status } = await run(BUSYBOX, "--", "sh", "-c", script);
    assert.equal(stdout, `${"x".repeat(100_000)}\nend`);
    assert.equal(status, 0);
  });

  it("removes everything at Ctrl-C", async () => {
    const child = start(
      BUSYBOX,
      "--",
      "sh",
      "-c",
      "trap 'echo bye; exit 0' TERM; echo up; sleep 1000 & wait",
    );
    const exited = once(child, "exit");
    let output = "";
    for await (const chunk of child.stdout!) {
      output += chunk;
      if (output === "up\n") child.kill("SIGINT");
    }
    assert.equal(output, "up\nbye\n");
    assert.deepEqual(await exited, [130, null]);
  });

  it("removes everything when nobody reads its output any more", async () => {
    const child = start(BUSYBOX, "--", "sh", "-c", "trap 'exit 0' TERM; while :; do echo more; done");
    child.stderr!.resume();
    const exited = once(child, "exit");
    await once(child.stdout!, "data");
    child.stdout!.destroy();
    assert.deepEqual(await exited, [141, null]);
  });

  it("says what is wrong with the image or the command", async () => {
    const image = await run("registry.k8s.io/no-such-image:1");
    assert.match(image.stderr, /critter: .*no-such-image/);
    assert.equal(image.status, 1);
    const command = await run(BUSYBOX, "--", "no-such-program");
    assert.match(command.stderr, /critter: .*no-such-program/);
    assert.equal(command.status, 1);
  });
});
