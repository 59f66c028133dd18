import assert from "node:assert/strict";
import type { ContainerStats, ContainerStatsFilter } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { type SpecContext, spec } from "./spec.ts";

const PREFIX = "Container: runtime should support listing";

spec(`${PREFIX} container stats`, async (cri) => {
  const containerId = await cri.runContainer(await cri.runPod());
  const { stats } = await cri.runtime.ContainerStats({ containerId });
  assert.ok(stats);
  await assertStatsOf(cri, containerId, stats);
});

spec(`${PREFIX} stats for started containers`, async (cri) => {
  const id = await cri.runContainer(await cri.runPod());
  const listed = await statsOf(cri, { id });
  assert.equal(listed.length, 1);
  await assertStatsOf(cri, id, listed[0]!);
});

spec(`${PREFIX} stats for all running containers when filter is nil`, async (cri) => {
  const pod = await cri.runPod();
  const ids = [await cri.runContainer(pod), await cri.runContainer(pod)];
  const listed = await statsOf(cri, null);
  for (const id of ids) {
    const stats = listed.find(({ attributes }) => attributes?.id === id);
    assert.ok(stats, `stats of ${id} are listed`);
    await assertStatsOf(cri, id, stats);
  }
});

spec(`${PREFIX} stats for three created containers`, async (cri) => {
  const pod = await cri.runPod();
  const ids = [await cri.runContainer(pod), await cri.runContainer(pod), await cri.runContainer(pod)];
  for (const id of ids) {
    const listed = await statsOf(cri, { id });
    assert.deepEqual(
      listed.map(({ attributes }) => attributes?.id),
      [id],
    );
    await assertStatsOf(cri, id, listed[0]!);
  }
});

spec(`${PREFIX} stats for containers filtered by labels`, async (cri) => {
  const pod = await cri.runPod();
  const hit = await cri.runContainer(pod, { labels: { foo: "bar" } });
  const miss = await cri.runContainer(pod, { labels: { foo: "baz" } });
  const listed = await statsOf(cri, { labelSelector: { foo: "bar" } });
  const ids = listed.map(({ attributes }) => attributes?.id);
  assert.ok(ids.includes(hit));
  assert.ok(!ids.includes(miss));
});

async function statsOf(
  cri: SpecContext,
  filter: Init<ContainerStatsFilter> | null,
): Promise<ContainerStats[]> {
  return (await cri.runtime.ListContainerStats({ filter })).stats;
}

async function assertStatsOf(cri: SpecContext, id: string, stats: ContainerStats): Promise<void> {
  const { metadata } = await cri.containerStatus(id);
  assert.equal(stats.attributes?.id, id);
  assert.equal(stats.attributes?.metadata?.name, metadata?.name);
  assert.ok(Number(stats.cpu?.timestamp) > 0, "the time of the CPU's reading");
  assert.ok(Number(stats.memory?.timestamp) > 0, "the time of the memory's reading");
}
