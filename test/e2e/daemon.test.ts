import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { ScriptedServer } from "../registry/scripted-server.ts";
import { outcome } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus, podConfigFor, removePod } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const parts = suite();
const launcher = join(import.meta.dirname, "..", "..", "bin", "critter");

test("the socket has mode 0660", () => {
  assert.equal(statSync(parts.daemon.socket).mode & 0o7777, 0o660);
});

test("a second daemon on the same root is refused, and the first goes on", async () => {
  const { daemon } = parts;
  for (const socket of [daemon.socket, `${daemon.socket}.second`]) {
    const configFile = join(daemon.folder, "second.conf");
    const config = readFileSync(daemon.configFile, "utf8");
    writeFileSync(configFile, config.replaceAll(`"${daemon.socket}"`, `"${socket}"`));
    const second = spawn(launcher, ["--config", configFile], { stdio: ["ignore", "ignore", "pipe"] });
    const [stderr, [code]] = await Promise.all([text(second.stderr), once(second, "exit")]);
    assert.equal(code, 1);
    assert.match(stderr, /critter: crio\.root is ".*root": another critter uses it/);
    assert.equal((await daemon.client.runtime.Version({})).runtimeName, "critter");
  }
});

test("RPCs that later issues bring answer UNIMPLEMENTED", async () => {
  const { runtime } = parts.daemon.client;
  await assert.rejects(runtime.CheckpointContainer({}), { code: status.UNIMPLEMENTED });
});

test("SIGTERM gives up what would last: a grace period, a command, a pull", async () => {
  const { daemon } = parts;
  const { runtime, image } = daemon.client;
  await using pod = await livePod(daemon);
  const [stubborn, host] = [await pod.runTrapping("trap '' TERM"), await pod.run()];
  await using silent = await ScriptedServer.start(() => {});
  const table = `\n[[registry]]\nprefix = "silent.test"\nlocation = "${silent.address}"\ninsecure = true\n`;
  appendFileSync(join(daemon.folder, "registries.conf"), table);
  const calls = [
    runtime.StopContainer({ containerId: stubborn, timeout: 600 }),
    runtime.ExecSync({ containerId: host, cmd: ["sleep", "77777"] }),
    image.PullImage({ image: { image: "silent.test/image:1" } }),
  ].map((call) => outcome(call));
  await eventually(async () => {
    assert.ok(silent.requests.length > 0);
    assert.match(await pod.sh(stubborn, "ps"), /sleep 77777/);
  });
  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(await Promise.all(calls), ["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"]);
  await daemon.start();
  assert.doesNotMatch(await pod.sh(stubborn, "ps"), /sleep 77777/);
  assert.equal((await containerStatus(daemon, stubborn)).state, "CONTAINER_RUNNING");
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} in the middle of RunPodSandbox: the call is finished, and pods run on`, async () => {
    const { daemon } = parts;
    const { runtime } = daemon.client;
    const earlier = await livePod(daemon);
    const containerId = await earlier.run();
    const call = runtime.RunPodSandbox({ config: podConfigFor(daemon) });
    await eventually(() => assert.equal(readdirSync(join(daemon.namespacesDir, "netns")).length, 2));
    const [code, { podSandboxId }] = await Promise.all([daemon.stop(signal), call]);
    assert.equal(code, 0);
    assert.equal(existsSync(daemon.socket), false);

    await daemon.start();
    const { items } = await runtime.ListPodSandbox({ filter: { state: { state: "SANDBOX_READY" } } });
    assert.deepEqual(items.map(({ id }) => id).sort(), [earlier.id, podSandboxId].sort());
    assert.equal(await earlier.sh(containerId, "echo runs"), "runs");
    await Promise.all([removePod(daemon, earlier.id), removePod(daemon, podSandboxId)]);
  });
}
