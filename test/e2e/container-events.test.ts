import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { connect as unixSocket } from "node:net";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { containerConfig } from "../support/configs.ts";
import { EventReader } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { inParallel } from "../support/parallel.ts";
import { containerStatus, removePod, runContainer, runPod, type TestPod } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const parts = suite({ settings: { "crio.runtime": { enable_pod_events: true } } });

const WHOLE_LIFE = ["CREATED", "STARTED", "STOPPED", "DELETED"];

const podEvents = (reader: EventReader, pod: TestPod) =>
  reader.events.filter(({ podSandboxStatus }) => podSandboxStatus?.id === pod.id);

/** Has the container end by itself, and waits until that is known. */
async function ended(containerId: string): Promise<void> {
  await eventually(async () => {
    assert.equal((await containerStatus(parts.daemon, containerId)).state, "CONTAINER_EXITED");
  }, 30);
}

test("the life of a pod and its container, each event with all that is known of both", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  using reader = await EventReader.open(daemon.client);
  const begin = BigInt(Date.now()) * 1_000_000n;
  const pod = await runPod(daemon);
  const id = await runContainer(daemon, pod, { command: ["sh", "-c", "exit 3"] });
  await ended(id);
  await runtime.RemoveContainer({ containerId: id });
  await removePod(daemon, pod.id);
  await eventually(() => assert.deepEqual(reader.typesOf(pod.id), WHOLE_LIFE));

  const ready = "SANDBOX_READY";
  assert.deepEqual(
    podEvents(reader, pod).map(
      ({ containerId, containerEventType, podSandboxStatus, containersStatuses }) => [
        containerId === pod.id ? "pod" : "container",
        containerEventType,
        podSandboxStatus?.state,
        containersStatuses.map(({ state, exitCode }) => `${state} ${exitCode}`).join(),
      ],
    ),
    [
      ["pod", "CONTAINER_CREATED_EVENT", ready, ""],
      ["pod", "CONTAINER_STARTED_EVENT", ready, ""],
      ["container", "CONTAINER_CREATED_EVENT", ready, "CONTAINER_CREATED 0"],
      ["container", "CONTAINER_STARTED_EVENT", ready, "CONTAINER_RUNNING 0"],
      ["container", "CONTAINER_STOPPED_EVENT", ready, "CONTAINER_EXITED 3"],
      ["container", "CONTAINER_DELETED_EVENT", ready, ""],
      ["pod", "CONTAINER_STOPPED_EVENT", "SANDBOX_NOTREADY", ""],
      ["pod", "CONTAINER_DELETED_EVENT", "SANDBOX_NOTREADY", ""],
    ],
  );
  for (const { podSandboxStatus } of podEvents(reader, pod)) {
    assert.deepEqual({ ...podSandboxStatus?.metadata }, pod.config.metadata);
  }
  assert.match(podEvents(reader, pod)[0]?.podSandboxStatus?.network?.ip ?? "", /^\d+\./);
  const times = podEvents(reader, pod).map(({ createdAt }) => BigInt(createdAt));
  assert.deepEqual(
    times,
    times.toSorted((a, b) => Number(a - b)),
  );
  assert.ok(times[0]! >= begin && times.at(-1)! <= BigInt(Date.now() + 1000) * 1_000_000n);
});

test("StopPodSandbox and RemovePodSandbox tell of the containers before the pod, once, however often they are called", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  using reader = await EventReader.open(daemon.client);
  const pod = await runPod(daemon);
  const running = await runContainer(daemon, pod);
  const { containerId: created } = await runtime.CreateContainer({
    podSandboxId: pod.id,
    config: containerConfig(),
    sandboxConfig: pod.config,
  });
  for (let i = 0; i < 2; i++) await runtime.StopPodSandbox({ podSandboxId: pod.id });
  for (let i = 0; i < 2; i++) await runtime.RemovePodSandbox({ podSandboxId: pod.id });
  await eventually(() => assert.deepEqual(reader.typesOf(pod.id), WHOLE_LIFE));
  assert.deepEqual(reader.typesOf(running), WHOLE_LIFE);
  assert.deepEqual(reader.typesOf(created), ["CREATED", "STOPPED", "DELETED"]);
  const at = (id: string, type: string) =>
    reader.events.findIndex((one) => one.containerId === id && one.containerEventType.includes(type));
  for (const id of [running, created]) {
    assert.ok(at(id, "STOPPED") < at(pod.id, "STOPPED"));
    assert.ok(at(id, "DELETED") < at(pod.id, "DELETED"));
  }
});

test("a pod that cannot be made is not told of", async () => {
  const { daemon } = parts;
  using reader = await EventReader.open(daemon.client);
  const failing = runPod(daemon, {
    linux: { cgroupParent: daemon.cgroupParent, sysctls: { "net.no": "1" } },
  });
  await assert.rejects(failing);
  const pod = await runPod(daemon);
  await removePod(daemon, pod.id);
  await eventually(() => assert.deepEqual(reader.typesOf(pod.id), WHOLE_LIFE));
  assert.equal(reader.events.length, WHOLE_LIFE.length);
});

test("a container killed for want of memory says so; the containers of the pod's sandbox before are shown too", async () => {
  const { daemon } = parts;
  using reader = await EventReader.open(daemon.client);
  const first = await runPod(daemon);
  const old = await runContainer(daemon, first, { command: ["true"] });
  await ended(old);
  await daemon.client.runtime.StopPodSandbox({ podSandboxId: first.id });
  const metadata = { ...first.config.metadata, attempt: 3 };
  const second = await runPod(daemon, { metadata });
  const greedy = await runContainer(daemon, second, {
    command: ["sh", "-c", "x=x; while true; do x=$x$x; done"],
    linux: { resources: { memoryLimitInBytes: 32 << 20 } },
  });
  await eventually(() => assert.deepEqual(reader.typesOf(greedy), WHOLE_LIFE.slice(0, 3)), 30);
  const { containersStatuses } = reader.events.at(-1)!;
  const reasons = Object.fromEntries(containersStatuses.map(({ id, reason }) => [id, reason]));
  assert.deepEqual(reasons, { [old]: "Completed", [greedy]: "OOMKilled" });
  for (const pod of [first, second]) await removePod(daemon, pod.id);
});

test("a pause container that dies is the pod's end", async () => {
  const { daemon } = parts;
  using reader = await EventReader.open(daemon.client);
  const pod = await runPod(daemon);
  const { info } = await daemon.client.runtime.PodSandboxStatus({ podSandboxId: pod.id, verbose: true });
  process.kill(JSON.parse(info.info ?? "").pid, "SIGKILL");
  await eventually(() => assert.deepEqual(reader.typesOf(pod.id), WHOLE_LIFE.slice(0, 3)));
  await removePod(daemon, pod.id);
  await eventually(() => assert.deepEqual(reader.typesOf(pod.id), WHOLE_LIFE));
});

test("what happened while the daemon was away is told to the first who asks", async () => {
  const { daemon } = parts;
  using before = await EventReader.open(daemon.client);
  const [pod, dying] = [await runPod(daemon), await runPod(daemon)];
  const lasting = await runContainer(daemon, pod);
  const ending = await runContainer(daemon, pod);
  const { info } = await daemon.client.runtime.PodSandboxStatus({ podSandboxId: dying.id, verbose: true });
  const container = await daemon.client.runtime.ContainerStatus({ containerId: ending, verbose: true });
  await daemon.kill();
  await assert.rejects(before.ended, { code: status.UNAVAILABLE });
  process.kill(JSON.parse(info.info ?? "").pid, "SIGKILL");
  process.kill(JSON.parse(container.info.info ?? "").pid, "SIGKILL");
  await daemon.start();

  using reader = await EventReader.open(daemon.client);
  await removePod(daemon, pod.id);
  await eventually(() => assert.deepEqual(reader.typesOf(pod.id), ["STOPPED", "DELETED"]));
  assert.deepEqual(reader.typesOf(ending), ["STOPPED", "DELETED"]);
  assert.deepEqual(reader.typesOf(lasting), ["STOPPED", "DELETED"]);
  assert.deepEqual(reader.typesOf(dying.id), ["STOPPED"]);
  const [first] = reader.events;
  assert.equal(first?.containersStatuses.find(({ id }) => id === ending)?.exitCode, 137);
  await removePod(daemon, dying.id);
});

test("a daemon that ends says so to its readers", async () => {
  const { daemon } = parts;
  using reader = await EventReader.open(daemon.client);
  assert.equal(await daemon.stop(), 0);
  await assert.rejects(reader.ended, { code: status.UNAVAILABLE, message: "critter is stopping" });
  await daemon.start();
});

test("a reader that does not read is dropped with an error; another is told everything", async () => {
  const { daemon } = parts;
  using quick = await EventReader.open(daemon.client);
  const session = connect("http://localhost", { createConnection: () => unixSocket(daemon.socket) });
  const slow = session.request({
    ":method": "POST",
    ":path": "/runtime.v1.RuntimeService/GetContainerEvents",
    "content-type": "application/grpc",
    te: "trailers",
  });
  slow.pause();
  slow.end(Buffer.alloc(5));
  await new Promise((resolve) => slow.once("response", resolve));

  // Each event has those of both, as large as they may be: 16 MiB are soon full.
  const annotations = { large: "x".repeat(500_000) };
  const pod = await runPod(daemon, { annotations });
  for (let i = 0; i < 10; i++) {
    const containerId = await runContainer(daemon, pod, { command: ["true"], annotations });
    await ended(containerId);
    await daemon.client.runtime.RemoveContainer({ containerId });
    await eventually(() => assert.deepEqual(quick.typesOf(containerId), WHOLE_LIFE));
  }
  const trailers = new Promise<Record<string, unknown>>((resolve) => slow.once("trailers", resolve));
  let bytes = 0;
  slow.on("data", (data) => (bytes += data.length)).resume();
  const { "grpc-status": code, "grpc-message": message } = await trailers;
  assert.equal(Number(code), status.RESOURCE_EXHAUSTED);
  assert.match(decodeURI(String(message)), /not read as fast as they come.*ask for events anew/);
  assert.ok(bytes < 5 << 20, `${bytes} bytes were sent to it`);
  session.destroy();
  await removePod(daemon, pod.id);
  await eventually(() => assert.deepEqual(quick.typesOf(pod.id), WHOLE_LIFE));
});

/** How many containers live and die: 1,000 where there is time. */
const LIVES = Number(process.env.CRITTER_LIVES ?? 150);
const AT_A_TIME = 4;

test(`${LIVES} lives of containers: two readers are told of every transition, in order, none twice`, async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  using one = await EventReader.open(daemon.client);
  using two = await EventReader.open(daemon.client);
  const pods = await inParallel(AT_A_TIME, AT_A_TIME, () => runPod(daemon));
  const began = performance.now();
  const ids = await inParallel(LIVES, AT_A_TIME, async (at) => {
    const pod = pods[at % AT_A_TIME]!;
    // Every second one ends by itself.
    const containerId = await runContainer(daemon, pod, { command: at % 2 ? ["true"] : ["sleep", "1000"] });
    if (at % 4 === 0) await runtime.StopContainer({ containerId, timeout: 0 });
    await runtime.RemoveContainer({ containerId });
    return containerId;
  });
  const milliseconds = performance.now() - began;
  for (const pod of pods) await removePod(daemon, pod.id);
  const told = new Set([...ids, ...pods.map((pod) => pod.id)]);
  const eventsOf = ({ events }: EventReader) => events.filter(({ containerId }) => told.has(containerId));
  const total = told.size * WHOLE_LIFE.length;
  for (const reader of [one, two]) {
    await eventually(() => assert.equal(eventsOf(reader).length, total));
  }
  console.log(`${LIVES} lives in ${(milliseconds / 1000).toFixed(1)} s, ${total} events`);

  for (const id of told) assert.deepEqual(one.typesOf(id), WHOLE_LIFE);
  const events = eventsOf(one);
  assert.deepEqual(eventsOf(two), events);
  for (const { containerId, containerEventType, podSandboxStatus, containersStatuses } of events) {
    assert.ok(podSandboxStatus?.metadata, "the kubelet passes over an event without");
    if (containerId === podSandboxStatus.id) continue;
    const own = containersStatuses.find(({ id }) => id === containerId);
    assert.equal(own?.state, stateAfter[containerEventType]);
  }
});

const stateAfter = {
  CONTAINER_CREATED_EVENT: "CONTAINER_CREATED",
  CONTAINER_STARTED_EVENT: "CONTAINER_RUNNING",
  CONTAINER_STOPPED_EVENT: "CONTAINER_EXITED",
  CONTAINER_DELETED_EVENT: undefined,
};

test("without enable_pod_events the stream ends at once", async () => {
  const { daemon } = parts;
  const configuration = readFileSync(daemon.configFile, "utf8");
  writeFileSync(daemon.configFile, configuration.replace("enable_pod_events = true", ""));
  await daemon.stop();
  await daemon.start();
  using reader = await EventReader.open(daemon.client);
  await reader.ended;
  assert.deepEqual(reader.events, []);
});

test("drop_infra_ctr: a pod without a process of its own is told of all the same", async () => {
  const { daemon } = parts;
  const configuration = readFileSync(daemon.configFile, "utf8");
  const table = "[crio.runtime]";
  assert.ok(configuration.includes(table));
  const settings = `${table}\ndrop_infra_ctr = true\nenable_pod_events = true`;
  writeFileSync(daemon.configFile, configuration.replace(table, settings));
  await daemon.stop();
  await daemon.start();
  using reader = await EventReader.open(daemon.client);
  const { cgroupParent } = daemon;
  const namespaceOptions = { pid: "CONTAINER" } as const;
  const pod = await runPod(daemon, { linux: { cgroupParent, securityContext: { namespaceOptions } } });
  await removePod(daemon, pod.id);
  await eventually(() => assert.deepEqual(reader.typesOf(pod.id), WHOLE_LIFE));
});
