import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { ContainerFilter } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { BUSYBOX } from "../support/configs.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { isRunning } from "../support/processes.ts";
import { suite } from "../support/suite.ts";

const parts = suite();

async function list(filter: Init<ContainerFilter> | null): Promise<string[]> {
  const { containers } = await parts.daemon.client.runtime.ListContainers({ filter });
  return containers.map(({ id }) => id).sort();
}

test("ListContainers by id, the begin of an id, pod, state, labels, and several of them", async () => {
  const { daemon } = parts;
  await using pod = await livePod(daemon);
  await using other = await livePod(daemon);
  const created = await pod.create({ labels: { app: "web", tier: "front" } });
  const running = await pod.run({ labels: { app: "web" } });
  const { id: exited } = await other.finish({ command: ["true"] });
  const sorted = (...ids: string[]) => ids.sort();
  assert.deepEqual(await list(null), sorted(created, running, exited));
  assert.deepEqual(await list({}), sorted(created, running, exited));
  assert.deepEqual(await list({ id: running }), [running]);
  assert.deepEqual(await list({ id: running.slice(0, 13) }), [running]);
  assert.deepEqual(await list({ id: "f".repeat(64) }), []);
  assert.deepEqual(await list({ podSandboxId: pod.id }), sorted(created, running));
  assert.deepEqual(await list({ podSandboxId: other.id.slice(0, 13) }), [exited]);
  assert.deepEqual(await list({ podSandboxId: "f".repeat(64) }), []);
  const state = (state: "CREATED" | "RUNNING" | "EXITED" | "UNKNOWN") =>
    list({ state: { state: `CONTAINER_${state}` } });
  assert.deepEqual(await state("CREATED"), [created]);
  assert.deepEqual(await state("RUNNING"), [running]);
  assert.deepEqual(await state("EXITED"), [exited]);
  assert.deepEqual(await state("UNKNOWN"), []);
  assert.deepEqual(await list({ labelSelector: { app: "web" } }), sorted(created, running));
  assert.deepEqual(await list({ labelSelector: { app: "web", tier: "front" } }), [created]);
  assert.deepEqual(await list({ podSandboxId: other.id, labelSelector: { app: "web" } }), []);
});

test("ContainerStatus and ListContainers: what was given, image, times, log; verbose pid and runtime spec", async () => {
  const { daemon } = parts;
  const { runtime, image } = daemon.client;
  const logDirectory = join(daemon.folder, "logs");
  await using pod = await livePod(daemon, { logDirectory });
  const metadata = { name: "web", attempt: 7 };
  const labels = { app: "web" };
  const annotations = { "example.org/note": "kept\nas it is" };
  const resources = { cpuShares: 512, memoryLimitInBytes: 64 << 20 };
  const changes = { metadata, labels, annotations, logPath: "web/7.log", linux: { resources } };
  const id = await pod.create(changes);
  const before = await containerStatus(daemon, id);
  assert.deepEqual([before.state, before.startedAt, before.finishedAt], ["CONTAINER_CREATED", 0, 0]);
  await runtime.StartContainer({ containerId: id });
  const status = await containerStatus(daemon, id.slice(0, 12));
  const { image: busybox } = await image.ImageStatus({ image: { image: BUSYBOX } });
  const [entry] = (await runtime.ListContainers({ filter: { id } })).containers;
  for (const shown of [status, entry!]) {
    assert.equal(shown.id, id);
    assert.deepEqual({ ...shown.metadata }, metadata);
    assert.deepEqual({ ...shown.labels }, labels);
    assert.deepEqual({ ...shown.annotations }, annotations);
    assert.equal(shown.image?.image, BUSYBOX);
    assert.equal(shown.imageId, busybox?.id);
    assert.ok(busybox?.repoDigests.includes(shown.imageRef), shown.imageRef);
    assert.equal(shown.state, "CONTAINER_RUNNING");
  }
  assert.equal(entry?.podSandboxId, pod.id);
  assert.equal(status.logPath, join(logDirectory, "web/7.log"));
  assert.equal(status.reason, "");
  assert.equal(status.stopSignal, "SIGNAL_SIGTERM");
  assert.partialDeepStrictEqual({ ...status.resources?.linux }, resources);
  const [createdAt, startedAt] = [BigInt(status.createdAt), BigInt(status.startedAt)];
  assert.ok(createdAt > 0n && startedAt >= createdAt);
  assert.equal(status.finishedAt, 0);

  const { info } = await runtime.ContainerStatus({ containerId: id, verbose: true });
  const { pid, sandboxID, runtimeSpec } = JSON.parse(info.info!);
  assert.ok(isRunning(pid));
  assert.equal(sandboxID, pod.id);
  assert.deepEqual(runtimeSpec.process.args, ["top"]);
  assert.deepEqual((await runtime.ContainerStatus({ containerId: id })).info, {});
});

test("an image may be asked for by another name, its id or the begin of it", async () => {
  const { daemon } = parts;
  const { runtime, image } = daemon.client;
  await using pod = await livePod(daemon);
  const other = "docker.io/library/busybox:latest";
  const { imageRef } = await image.PullImage({ image: { image: other } });
  for (const name of [other, imageRef, imageRef.replace("sha256:", "").slice(0, 12)]) {
    const id = await pod.create({ image: { image: name } });
    const status = await containerStatus(daemon, id);
    assert.equal(status.image?.image, name);
    assert.equal(status.imageId, imageRef);
    await runtime.RemoveContainer({ containerId: id });
  }
});
