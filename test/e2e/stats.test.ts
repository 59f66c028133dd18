import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { detectCgroups } from "../../src/cgroups/hierarchy.ts";
import { processesIn } from "../../src/cgroups/processes.ts";
import type { ContainerStats, Int64, UInt64Value } from "../../src/cri/messages.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { BUSYBOX } from "../support/configs.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { removePod, runContainer, runPod, type TestPod } from "../support/pods.ts";
import { send } from "../support/traffic.ts";

const MB = 1_000_000;

let registry: Registry;
let daemon: Daemon;
let pods = 0;

before(async () => {
  await ensureImages("base");
  registry = await Registry.start({ storage: storeFolder() });
  daemon = await startDaemon({ registry: registry.address });
  await daemon.client.image.PullImage({ image: { image: BUSYBOX } });
});

after(async () => {
  await daemon?.dispose();
  await registry?.stop();
});

/** With a cgroup of its own, as the kubelet makes one for every pod. */
function podAlone(): Promise<TestPod> {
  return runPod(daemon, { linux: { cgroupParent: daemon.cgroupBelow(`pod${++pods}`) } });
}

const shell = (script: string) => ({ command: ["sh", "-c", script] });
const number = (value: UInt64Value | null | undefined): number => Number(value?.value ?? Number.NaN);
const seconds = (from: Int64, to: Int64) => Number(BigInt(to) - BigInt(from)) / 1e9;

async function statsOf(containerId: string): Promise<ContainerStats> {
  const { stats } = await daemon.client.runtime.ContainerStats({ containerId });
  assert.ok(stats);
  return stats;
}

test("processor time of a container that does nothing else, and its rate since the last reading", async () => {
  const pod = await podAlone();
  const id = await runContainer(daemon, pod, shell("while :; do :; done"));
  const first = (await statsOf(id)).cpu!;
  assert.equal(first.usageNanoCores, null);
  await sleep(500);
  const second = (await statsOf(id)).cpu!;
  const used = number(second.usageCoreNanoSeconds) - number(first.usageCoreNanoSeconds);
  const rate = used / seconds(first.timestamp, second.timestamp);
  assert.ok(used > 10 * MB, `${used} ns used`);
  // Numbers on the wire of this client lose the last digits of a time.
  assert.ok(
    Math.abs(number(second.usageNanoCores) - rate) < rate / 1000,
    `${number(second.usageNanoCores)}, ${rate}`,
  );
  const { stats } = await daemon.client.runtime.PodSandboxStats({ podSandboxId: pod.id });
  const ofPod = number(stats?.linux?.cpu?.usageCoreNanoSeconds);
  assert.ok(ofPod >= number(second.usageCoreNanoSeconds), "the pod's has the container's in it");
  await removePod(daemon, pod.id);
});

test("memory that a container holds, and what is left of its limit", async () => {
  const pod = await podAlone();
  const limit = 100 * MB;
  const script = "x=$(head -c 20000000 /dev/zero | tr '\\0' x); sleep 1000; echo $x";
  const id = await runContainer(daemon, pod, {
    ...shell(script),
    linux: { resources: { memoryLimitInBytes: limit } },
  });
  await eventually(async () => assert.ok(number((await statsOf(id)).memory?.rssBytes) > 20 * MB));
  const memory = (await statsOf(id)).memory!;
  const workingSet = number(memory.workingSetBytes);
  assert.ok(workingSet >= 20 * MB && workingSet < limit, String(workingSet));
  assert.ok(number(memory.usageBytes) >= workingSet);
  // The kernel counts limits in pages.
  assert.ok(Math.abs(number(memory.availableBytes) - (limit - workingSet)) < 4096);
  assert.ok(number(memory.pageFaults) > 0);
  await removePod(daemon, pod.id);
});

test("bytes and inodes that a container has written", async () => {
  const pod = await podAlone();
  const script = "cd /tmp; head -c 5000000 /dev/zero > a; ln a b; mkdir c; echo > c/d; exec sleep 1000";
  const id = await runContainer(daemon, pod, shell(script));
  await sleep(200);
  await eventually(async () => {
    const { writableLayer } = await statsOf(id);
    const bytes = number(writableLayer?.usedBytes);
    assert.ok(bytes >= 5 * MB && bytes < 5.1 * MB, String(bytes));
    assert.ok(number(writableLayer?.inodesUsed) >= 4);
  }, 20);
  const { imageFilesystems } = await daemon.client.image.ImageFsInfo();
  assert.deepEqual((await statsOf(id)).writableLayer?.fsId, imageFilesystems[0]?.fsId);
  await removePod(daemon, pod.id);
});

test("bytes that a pod has received, its processes and its containers", async () => {
  const pod = await podAlone();
  const id = await runContainer(daemon, pod, shell("nc -l -p 9000 > /dev/null; exec sleep 1000"));
  const ofPod = async () =>
    (await daemon.client.runtime.PodSandboxStats({ podSandboxId: pod.id })).stats!.linux!;
  const before = number((await ofPod()).network?.defaultInterface?.rxBytes);
  const { status: found } = await daemon.client.runtime.PodSandboxStatus({ podSandboxId: pod.id });
  await eventually(() => send(found!.network!.ip, 9000, Buffer.alloc(10 * MB)));
  const after = await eventually(async () => {
    const now = await ofPod();
    const received = number(now.network?.defaultInterface?.rxBytes) - before;
    // Headers come on top.
    assert.ok(received >= 10 * MB && received < 11 * MB, String(received));
    return now;
  });
  assert.equal(after.network?.defaultInterface?.name, "eth0");
  assert.deepEqual(after.network?.interfaces, []);
  // nc may be ending at this very moment, between one reading and the other.
  await eventually(async () => {
    const counted = number((await ofPod()).process?.processCount);
    assert.equal(counted, processesIn(detectCgroups(), pod.config.linux!.cgroupParent!).length);
  });
  assert.deepEqual(
    after.containers.map(({ attributes }) => attributes?.id),
    [id],
  );
  await removePod(daemon, pod.id);
});

test("two pods in one cgroup: each has its own figures", async () => {
  const [idle, busy] = [await runPod(daemon), await runPod(daemon)];
  await runContainer(daemon, idle);
  const id = await runContainer(daemon, busy, shell("while :; do :; done"));
  await eventually(
    async () => assert.ok(number((await statsOf(id)).cpu?.usageCoreNanoSeconds) > 300 * MB),
    20,
  );
  const { stats } = await daemon.client.runtime.ListPodSandboxStats({});
  const usage = (pod: TestPod) =>
    number(stats.find(({ attributes }) => attributes?.id === pod.id)?.linux?.cpu?.usageCoreNanoSeconds);
  assert.ok(usage(busy) >= 300 * MB);
  assert.ok(usage(idle) < usage(busy));
  for (const pod of [idle, busy]) await removePod(daemon, pod.id);
});

test("what has ended is not listed, and has no processor or memory when asked for", async () => {
  const { runtime } = daemon.client;
  const pod = await podAlone();
  const id = await runContainer(daemon, pod, shell("echo written > /file"));
  const running = await runContainer(daemon, pod);
  await eventually(async () => {
    const { status: found } = await runtime.ContainerStatus({ containerId: id });
    assert.equal(found?.state, "CONTAINER_EXITED");
  }, 10);
  const ended = await statsOf(id);
  assert.deepEqual([ended.cpu, ended.memory, ended.swap, ended.io], [null, null, null, null]);
  await eventually(async () => assert.ok(number((await statsOf(id)).writableLayer?.inodesUsed) >= 2));
  const ids = async (filter: object) =>
    (await runtime.ListContainerStats({ filter })).stats.map(({ attributes }) => attributes?.id);
  assert.deepEqual(await ids({ podSandboxId: pod.id }), [running]);
  assert.deepEqual(await ids({ id }), []);
  assert.deepEqual(await ids({ id: "nobody" }), []);

  await runtime.StopPodSandbox({ podSandboxId: pod.id });
  const { stats } = await runtime.PodSandboxStats({ podSandboxId: pod.id });
  assert.equal(stats?.attributes?.id, pod.id);
  assert.equal(stats?.linux, null);
  assert.deepEqual((await runtime.ListPodSandboxStats({ filter: { id: pod.id } })).stats, []);
  await runtime.RemovePodSandbox({ podSandboxId: pod.id });
  await assert.rejects(runtime.ContainerStats({ containerId: id }), { code: status.NOT_FOUND });
  await assert.rejects(runtime.PodSandboxStats({ podSandboxId: pod.id }), { code: status.NOT_FOUND });
});
