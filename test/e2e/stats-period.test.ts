import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const parts = suite({ settings: { "crio.stats": { stats_collection_period: 3 } } });

test("with stats_collection_period all requests are answered from the last collection", async () => {
  const { runtime } = parts.daemon.client;
  await using pod = await livePod(parts.daemon);
  const id = await pod.run();
  const listed = async () => {
    const { stats } = await runtime.ListContainerStats({ filter: { podSandboxId: pod.id } });
    assert.deepEqual(
      stats.map(({ attributes }) => attributes?.id),
      [id],
    );
    return stats[0]!.cpu!.timestamp;
  };
  const single = async () => (await runtime.ContainerStats({ containerId: id })).stats!.cpu!.timestamp;
  const inPod = async () =>
    (await runtime.PodSandboxStats({ podSandboxId: pod.id })).stats!.linux!.containers[0]?.cpu?.timestamp;

  // Between two collections all say the same; one may come in between the requests.
  const collected = await eventually(async () => {
    const timestamp = await listed();
    await sleep(20);
    assert.deepEqual([await single(), await inPod(), await listed()], [timestamp, timestamp, timestamp]);
    return timestamp;
  }, 20);
  await eventually(async () => assert.notEqual(await listed(), collected), 20);
});

test("who has come since the last collection is told of all the same, who has gone is not", async () => {
  const { runtime } = parts.daemon.client;
  await using pod = await livePod(parts.daemon);
  const { stats: first } = await runtime.PodSandboxStats({ podSandboxId: pod.id });
  assert.ok(Number(first?.linux?.cpu?.usageCoreNanoSeconds?.value) > 0);
  const containerId = await pod.run();
  const { stats } = await runtime.ContainerStats({ containerId });
  assert.ok(Number(stats?.memory?.usageBytes?.value) > 0);
  await runtime.StopContainer({ containerId, timeout: 0 });
  assert.equal((await runtime.ContainerStats({ containerId })).stats?.cpu, null);
  assert.deepEqual((await runtime.ListContainerStats({ filter: { id: containerId } })).stats, []);
  await runtime.StopPodSandbox({ podSandboxId: pod.id });
  assert.equal((await runtime.PodSandboxStats({ podSandboxId: pod.id })).stats?.linux, null);
});
