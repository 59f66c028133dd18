import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { loadCri } from "../../src/cri/proto.ts";
import type { ContainerRecord } from "../../src/oci/record.ts";
import type { PodSandboxRecord } from "../../src/sandbox/record.ts";
import { openDatabase, Records, transaction } from "../../src/state/database.ts";
import { allItems } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { removePod, runContainer, runPod, type TestPod } from "../support/pods.ts";
import { exitedContainer, stoppedPod } from "../support/records.ts";
import { suite } from "../support/suite.ts";

const MIB = 1024 * 1024;
const PODS = 2000;
const CONTAINERS = 500;
/** What one pod's annotations have: together they are beyond what the kubelet takes in one message. */
const annotations = { filling: "x".repeat(10_000) };

const { RuntimeService } = loadCri();

describe("streamed lists of 2,000 pods", () => {
  // Before the suite's own hook, which looks for what is left.
  after(async () => {
    await withDatabase((pods, containers) => {
      for (const { id } of stopped) pods.delete(id);
      for (const { id } of exited) containers.delete(id);
    });
    for (const { id } of real) await removePod(parts.daemon, id);
  });
  const parts = suite({ settings: { "crio.api": { grpc_max_send_msg_size: 16 * MIB } } });
  const stopped = Array.from({ length: PODS }, (_, at) => stoppedPod(at, annotations));
  const exited = Array.from({ length: CONTAINERS }, () => exitedContainer(stopped[0]!.id, annotations));
  const real: TestPod[] = [];
  const running: string[] = [];

  before(async () => {
    const { daemon } = parts;
    for (let at = 0; at < 3; at++) {
      const pod = await runPod(daemon, { labels: { real: "yes" } });
      real.push(pod);
      running.push(await runContainer(daemon, pod, { labels: { real: "yes" } }));
    }
    // As the daemon writes them: to make them would take minutes.
    await withDatabase((pods, containers) => {
      for (const record of stopped) pods.put(record.id, record);
      for (const record of exited) containers.put(record.id, record);
    });
  });

  async function withDatabase(
    work: (pods: Records<PodSandboxRecord>, containers: Records<ContainerRecord>) => void,
  ): Promise<void> {
    const { daemon } = parts;
    await daemon.stop();
    const database = openDatabase(join(daemon.folder, "root", "state.db"));
    const [pods, containers] = [new Records(database, "sandboxes"), new Records(database, "containers")];
    transaction(database, () =>
      work(pods as Records<PodSandboxRecord>, containers as Records<ContainerRecord>),
    );
    database.close();
    await daemon.start();
  }

  it("arrive whole, in messages far below the limit; the daemon's memory is back afterwards", async () => {
    const { daemon } = parts;
    const { runtime } = daemon.client;
    const before = await settledMemory(daemon.pid);
    let bytes = 0;
    const pods = await allItems(runtime.StreamPodSandboxes(), (message) => {
      const { length } = RuntimeService.StreamPodSandboxes.responseSerialize(message);
      assert.ok(length < MIB, `${length} bytes in one message`);
      bytes += length;
      return message.podSandboxes;
    });
    assert.ok(bytes > 16 * MIB);
    assert.deepEqual(pods.map(({ id }) => id).sort(), [...real, ...stopped].map(({ id }) => id).sort());

    // Entries are kept encoded from one list to the next.
    const after = await settledMemory(daemon.pid);
    assert.ok(after < before + bytes + 16 * MIB, `${mib(before)} MiB before, ${mib(after)} after`);
    for (let i = 0; i < 10; i++) {
      const unread = runtime.StreamPodSandboxes();
      await unread.begun;
      for await (const _ of runtime.StreamPodSandboxes()) break;
      assert.equal(
        (await allItems(runtime.StreamPodSandboxes(), (one) => one.podSandboxes)).length,
        pods.length,
      );
      for await (const _ of unread) break;
    }
    const last = await settledMemory(daemon.pid);
    assert.ok(last < after + 48 * MIB, `${mib(after)} MiB after one, ${mib(last)} after ten more`);
    console.log(
      `RssAnon: ${[before, after, last].map(mib).join(", ")} MiB before, after one list, after ten more`,
    );
  });

  it("containers arrive whole too", async () => {
    const { runtime } = parts.daemon.client;
    const containers = await allItems(runtime.StreamContainers(), (message) => message.containers);
    const ids = [...running, ...exited.map(({ id }) => id)];
    assert.deepEqual(containers.map(({ id }) => id).sort(), ids.sort());
  });

  it("the list in one answer is refused, with the key that limits it and the way out", async () => {
    await assert.rejects(parts.daemon.client.runtime.ListPodSandbox(), {
      code: status.RESOURCE_EXHAUSTED,
      message:
        /^the answer of ListPodSandbox has \d{8} bytes, more than grpc_max_send_msg_size, 16777216; .* Stream RPCs answer in parts$/,
    });
  });

  it("filters choose as in the lists, and no match is an empty stream", async () => {
    const { runtime } = parts.daemon.client;
    const pods = async (filter: object) => {
      const found = await allItems(runtime.StreamPodSandboxes({ filter }), (message) => message.podSandboxes);
      const listed = await runtime.ListPodSandbox({ filter });
      assert.deepEqual(found, listed.items);
      return found.map(({ id }) => id);
    };
    const realIds = real.map(({ id }) => id).sort();
    assert.deepEqual((await pods({ state: { state: "SANDBOX_READY" } })).sort(), realIds);
    assert.deepEqual((await pods({ labelSelector: { real: "yes" } })).sort(), realIds);
    assert.deepEqual(await pods({ id: stopped[7]!.id.slice(0, 20) }), [stopped[7]!.id]);
    assert.deepEqual(await pods({ labelSelector: { real: "no" } }), []);

    const containers = async (filter: object) => {
      const found = await allItems(runtime.StreamContainers({ filter }), (message) => message.containers);
      assert.deepEqual(found, (await runtime.ListContainers({ filter })).containers);
      return found.map(({ id }) => id);
    };
    assert.deepEqual(
      (await containers({ state: { state: "CONTAINER_RUNNING" } })).sort(),
      running.toSorted(),
    );
    assert.deepEqual(await containers({ podSandboxId: real[0]!.id }), running.slice(0, 1));
    assert.equal((await containers({ podSandboxId: stopped[0]!.id })).length, CONTAINERS);
  });

  it("an ambiguous id is refused", async () => {
    const id = stopped[0]!.id.slice(0, 1);
    await assert.rejects(
      allItems(parts.daemon.client.runtime.StreamPodSandboxes({ filter: { id } }), () => []),
      { code: status.INVALID_ARGUMENT, message: /ambiguous/ },
    );
  });

  it("stats, metrics and images stream what their lists have", async () => {
    const { runtime, image } = parts.daemon.client;
    const idsOf = (stats: { attributes: { id: string } | null }[]) =>
      stats.map(({ attributes }) => attributes?.id).sort();
    const stats = await allItems(runtime.StreamContainerStats(), (message) => message.containerStats);
    assert.deepEqual(idsOf(stats), running.toSorted());
    assert.ok(Number(stats[0]?.memory?.workingSetBytes?.value) > 0);
    const filter = { podSandboxId: real[1]!.id };
    const filtered = await allItems(
      runtime.StreamContainerStats({ filter }),
      (message) => message.containerStats,
    );
    assert.deepEqual(idsOf(filtered), running.slice(1, 2));

    const podStats = await allItems(runtime.StreamPodSandboxStats(), (message) => message.podSandboxStats);
    assert.deepEqual(idsOf(podStats), real.map(({ id }) => id).sort());
    assert.ok(podStats.every(({ linux }) => linux?.containers.length === 1));

    const metrics = await allItems(runtime.StreamPodSandboxMetrics(), (message) => message.podSandboxMetrics);
    const { podMetrics } = await runtime.ListPodSandboxMetrics();
    const shapeOf = (pods: typeof metrics) =>
      pods.map((pod) => [
        pod.podSandboxId,
        pod.metrics.length,
        pod.containerMetrics.map((one) => one.metrics.length),
      ]);
    assert.equal(metrics.length, real.length);
    assert.deepEqual(shapeOf(metrics), shapeOf(podMetrics));

    const images = await allItems(image.StreamImages(), (message) => message.images);
    assert.deepEqual(images, (await image.ListImages()).images);
    assert.ok(images.length > 0);
    const one = { image: { image: images[0]!.id } };
    assert.deepEqual(
      await allItems(image.StreamImages({ filter: one }), (message) => message.images),
      images.slice(0, 1),
    );
  });
});

/** Bytes of a process that no file holds. */
function memoryOf(pid: number): number {
  const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1024;
}

/** What it has when that no longer changes. */
function settledMemory(pid: number): Promise<number> {
  return eventually(async () => {
    const now = memoryOf(pid);
    await sleep(1000);
    assert.ok(Math.abs(memoryOf(pid) - now) < MIB);
    return now;
  }, 20);
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
