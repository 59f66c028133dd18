import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { containerConfig } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import {
  assertNothingLeft,
  countWithNothing,
  podConfigFor,
  removePod,
  runContainer,
  runPod,
} from "../support/pods.ts";
import type { Resources } from "../support/resources.ts";

const plugins = mkdtempSync(join(tmpdir(), "critter-faulty-"));
let registry: Registry;
let daemon: Daemon;
let nothing: Resources;

before(async () => {
  await ensureImages("base");
  cpSync(join(import.meta.dirname, "faulty-plugin.sh"), join(plugins, "faulty"));
  registry = await Registry.start({ storage: storeFolder() });
  daemon = await startDaemon({ registry: registry.address, cniPlugin: join(plugins, "faulty") });
  nothing = await countWithNothing(daemon);
});

after(async () => {
  await daemon?.dispose();
  await registry?.stop();
  rmSync(plugins, { recursive: true });
});

function named(name: string): Init<PodSandboxConfig> {
  return podConfigFor(daemon, { metadata: { name, namespace: "bad-input", uid: name, attempt: 0 } });
}

const refused: [what: string, config: () => Init<PodSandboxConfig> | null, handler: string][] = [
  ["no configuration", () => null, ""],
  ["no metadata", () => ({ ...podConfigFor(daemon), metadata: null }), ""],
  ["no name", () => named(""), ""],
  ["an unknown runtime handler", () => podConfigFor(daemon), "no-such-handler"],
  [
    "a cgroup parent that leads out",
    () => podConfigFor(daemon, { linux: { cgroupParent: "../../out" } }),
    "",
  ],
  ["a hostname that is too long", () => podConfigFor(daemon, { hostname: "h".repeat(65) }), ""],
  ["a host port that is none", () => podConfigFor(daemon, { portMappings: [{ hostPort: 70_000 }] }), ""],
];

for (const [what, config, runtimeHandler] of refused) {
  test(`RunPodSandbox with ${what} is INVALID_ARGUMENT and leaves nothing`, async () => {
    const call = daemon.client.runtime.RunPodSandbox({ config: config(), runtimeHandler });
    assert.equal(await outcome(call), "INVALID_ARGUMENT");
    await assertNothingLeft(daemon, nothing);
  });
}

test("a running pod's metadata with another configuration is ALREADY_EXISTS, with the same one its id", async () => {
  const { runtime } = daemon.client;
  const pod = await runPod(daemon);
  const other = { ...pod.config, hostname: "another" };
  assert.equal(await outcome(runtime.RunPodSandbox({ config: other })), "ALREADY_EXISTS");
  assert.equal((await runtime.RunPodSandbox({ config: pod.config })).podSandboxId, pod.id);
  const { status } = await runtime.PodSandboxStatus({ podSandboxId: pod.id });
  assert.equal(status?.state, "SANDBOX_READY");
  await removePod(daemon, pod.id);
  await assertNothingLeft(daemon, nothing);
});

test("a CNI plugin that fails: the error has its words, and nothing is left", async () => {
  await assert.rejects(daemon.client.runtime.RunPodSandbox({ config: named("fails") }), /told to fail/);
  await assertNothingLeft(daemon, nothing);
});

test("a CNI plugin that hangs stops neither other pods nor, once it has ended, a retry", async () => {
  const { runtime } = daemon.client;
  const config = named("hangs");
  assert.equal(await outcome(runtime.RunPodSandbox({ config }, { timeout: 2000 })), "DEADLINE_EXCEEDED");
  const retry = outcome(runtime.RunPodSandbox({ config }));
  const other = await runPod(daemon);
  await removePod(daemon, other.id);

  const pid = await eventually(() => Number(readFileSync(join(plugins, "hanging"), "utf8")));
  writeFileSync(join(plugins, "mended"), "");
  process.kill(pid, "SIGKILL");
  assert.equal(await retry, "UNKNOWN", "the retry waited for the first call and has its result");
  await assertNothingLeft(daemon, nothing);

  const { podSandboxId } = await runtime.RunPodSandbox({ config });
  await removePod(daemon, podSandboxId);
  await assertNothingLeft(daemon, nothing);
});

test("an image that does not exist is NOT_FOUND, pulled or used", async () => {
  const image = { image: "registry.k8s.io/no-such-image:1" };
  assert.equal(await outcome(daemon.client.image.PullImage({ image })), "NOT_FOUND");
  const pod = await runPod(daemon);
  assert.equal(await outcome(runContainer(daemon, pod, { image })), "NOT_FOUND");
  await removePod(daemon, pod.id);
  await assertNothingLeft(daemon, nothing);
});

test("a pause image that does not exist is NOT_FOUND and leaves nothing", async () => {
  const settings = { "crio.image": { pause_image: "registry.k8s.io/no-such-image:1" } };
  await using lame = await startDaemon({ registry: registry.address, settings });
  const config = podConfigFor(lame);
  assert.equal(await outcome(lame.client.runtime.RunPodSandbox({ config })), "NOT_FOUND");
  assert.deepEqual((await lame.client.runtime.ListPodSandbox()).items, []);
});

test("a container of a pod, or a start of a container, that does not exist is NOT_FOUND", async () => {
  const { runtime } = daemon.client;
  const config = containerConfig();
  const create = runtime.CreateContainer({
    podSandboxId: "f".repeat(64),
    config,
    sandboxConfig: podConfigFor(daemon),
  });
  assert.equal(await outcome(create), "NOT_FOUND");
  assert.equal(await outcome(runtime.StartContainer({ containerId: "f".repeat(64) })), "NOT_FOUND");
});

test("a program that does not exist: the error names it, and nothing is left", async () => {
  const pod = await runPod(daemon);
  await assert.rejects(runContainer(daemon, pod, { command: ["no-such-program"] }), /no-such-program/);
  await removePod(daemon, pod.id);
  await assertNothingLeft(daemon, nothing);
});
