import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodSandboxFilter } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { isRunning } from "../support/processes.ts";
import { suite } from "../support/suite.ts";

const parts = suite();

async function list(filter: Init<PodSandboxFilter> | null): Promise<string[]> {
  const { items } = await parts.daemon.client.runtime.ListPodSandbox({ filter });
  return items.map(({ id }) => id).sort();
}

test("ListPodSandbox by id, the begin of an id, state, labels, and several of them", async () => {
  const { daemon } = parts;
  await using one = await livePod(daemon, { labels: { app: "web", tier: "front" } });
  await using two = await livePod(daemon, { labels: { app: "web" } });
  await using three = await livePod(daemon);
  await daemon.client.runtime.StopPodSandbox({ podSandboxId: three.id });
  const all = [one.id, two.id, three.id].sort();
  const both = [one.id, two.id].sort();
  assert.deepEqual(await list(null), all);
  assert.deepEqual(await list({}), all);
  assert.deepEqual(await list({ id: one.id }), [one.id]);
  assert.deepEqual(await list({ id: one.id.slice(0, 13) }), [one.id]);
  assert.deepEqual(await list({ id: "f".repeat(64) }), []);
  assert.deepEqual(await list({ state: { state: "SANDBOX_READY" } }), both);
  assert.deepEqual(await list({ state: { state: "SANDBOX_NOTREADY" } }), [three.id]);
  assert.deepEqual(await list({ labelSelector: { app: "web" } }), both);
  assert.deepEqual(await list({ labelSelector: { app: "web", tier: "front" } }), [one.id]);
  assert.deepEqual(await list({ labelSelector: { app: "" } }), []);
  assert.deepEqual(await list({ id: two.id, labelSelector: { tier: "front" } }), []);
  assert.deepEqual(await list({ id: three.id, state: { state: "SANDBOX_READY" } }), []);
});

test("PodSandboxStatus: what was given, addresses, containers; verbose pid and runtime spec", async () => {
  const { daemon } = parts;
  const begin = BigInt(Date.now()) * 1_000_000n;
  const annotations = { "example.org/text": "Zeilen\nund Ünïcode", "example.org/empty": "" };
  await using pod = await livePod(daemon, { labels: { app: "web" }, annotations });
  const containerId = await pod.run();
  const { status, containersStatuses } = await daemon.client.runtime.PodSandboxStatus({
    podSandboxId: pod.id.slice(0, 12),
  });
  assert.equal(status?.id, pod.id);
  assert.deepEqual({ ...status.metadata }, pod.config.metadata);
  assert.deepEqual({ ...status.labels }, { app: "web" });
  assert.deepEqual({ ...status.annotations }, annotations);
  assert.ok(BigInt(status.createdAt) >= begin && BigInt(status.createdAt) <= BigInt(Date.now()) * 1_000_000n);
  const [a, b] = daemon.network.subnet.split(".");
  assert.match(status.network?.ip ?? "", new RegExp(`^${a}\\.${b}\\.`));
  assert.partialDeepStrictEqual({ ...status.linux?.namespaces?.options }, { network: "POD", pid: "POD" });
  assert.deepEqual(
    containersStatuses.map(({ id }) => id),
    [containerId],
  );

  const { pid, runtimeSpec } = await pod.verbose();
  assert.ok(isRunning(pid));
  assert.partialDeepStrictEqual(runtimeSpec, { process: { args: ["/pause"] } });
  await daemon.client.runtime.StopPodSandbox({ podSandboxId: pod.id });
  const stopped = await pod.status();
  assert.equal(stopped.state, "SANDBOX_NOTREADY");
  assert.equal((await pod.verbose()).pid, 0);
});

test("PodSandboxStatus names the latest container first", async () => {
  const { daemon } = parts;
  await using pod = await livePod(daemon);
  const attempts: string[] = [];
  for (const attempt of [0, 1, 2]) {
    const { id } = await pod.finish({ metadata: { name: "main", attempt }, command: ["true"] });
    attempts.unshift(id);
  }
  const { containersStatuses } = await daemon.client.runtime.PodSandboxStatus({ podSandboxId: pod.id });
  assert.deepEqual(
    containersStatuses.map(({ id }) => id),
    attempts,
  );
});

test("a pod whose pause container is killed is not ready, its containers end, and it can be stopped", async () => {
  const { daemon } = parts;
  await using pod = await livePod(daemon);
  const containerId = await pod.run();
  process.kill((await pod.verbose()).pid, "SIGKILL");
  await eventually(async () => assert.equal((await pod.status()).state, "SANDBOX_NOTREADY"));
  assert.equal((await pod.ended(containerId)).exitCode, 137);
  await assert.rejects(pod.create(), /is not ready/);
  await daemon.client.runtime.StopPodSandbox({ podSandboxId: pod.id });
  assert.deepEqual(await list({ state: { state: "SANDBOX_READY" } }), []);
});

test("the monitor of a pause container is killed: the pod runs on, and can be stopped", async () => {
  const { daemon } = parts;
  await using pod = await livePod(daemon);
  const containerId = await pod.run();
  process.kill((await pod.verbose()).monitorPid, "SIGKILL");
  assert.equal(await pod.sh(containerId, "echo runs"), "runs");
  assert.equal((await pod.status()).state, "SANDBOX_READY");
  // Nobody waits half a minute for the dead monitor's exit file.
  await daemon.client.runtime.StopPodSandbox({ podSandboxId: pod.id }, { timeout: 20_000 });
});
