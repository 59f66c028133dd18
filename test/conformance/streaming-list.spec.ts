import assert from "node:assert/strict";
import { BUSYBOX } from "../support/configs.ts";
import { allItems } from "../support/cri.ts";
import { type SpecContext, spec } from "./spec.ts";

const PREFIX = "Streaming List: runtime should support streaming list for";

const podIds = async ({ runtime }: SpecContext, filter: object | null) =>
  (await allItems(runtime.StreamPodSandboxes({ filter }), (message) => message.podSandboxes)).map(
    ({ id }) => id,
  );

const containerIds = async ({ runtime }: SpecContext, filter: object | null) =>
  (await allItems(runtime.StreamContainers({ filter }), (message) => message.containers)).map(({ id }) => id);

const containerStatsIds = async ({ runtime }: SpecContext, filter: object | null) =>
  (await allItems(runtime.StreamContainerStats({ filter }), (message) => message.containerStats)).map(
    ({ attributes }) => attributes?.id,
  );

const podStatsIds = async ({ runtime }: SpecContext, filter: object | null) =>
  (await allItems(runtime.StreamPodSandboxStats({ filter }), (message) => message.podSandboxStats)).map(
    ({ attributes }) => attributes?.id,
  );

const images = ({ image }: SpecContext, filter: object) =>
  allItems(image.StreamImages({ filter }), (message) => message.images);

spec(`${PREFIX} pods should list a created pod via streaming`, async (cri) => {
  const { id } = await cri.runPod();
  assert.deepEqual(await podIds(cri, { id }), [id]);
});

spec(`${PREFIX} pods should list pods filtered by state via streaming`, async (cri) => {
  const { id } = await cri.runPod();
  assert.ok((await podIds(cri, { state: { state: "SANDBOX_READY" } })).includes(id));
});

spec(`${PREFIX} pods should list pods filtered by labels via streaming`, async (cri) => {
  const { id } = await cri.runPod({ labels: { "stream-test": "yes" } });
  assert.deepEqual(await podIds(cri, { labelSelector: { "stream-test": "yes" } }), [id]);
  assert.deepEqual(await podIds(cri, { labelSelector: { "stream-test": "no" } }), []);
});

spec(`${PREFIX} pods should return empty list for non-existent pod via streaming`, async (cri) => {
  assert.deepEqual(await podIds(cri, { id: "non-existent-id" }), []);
});

spec(`${PREFIX} containers should list a created container via streaming`, async (cri) => {
  const id = await cri.createContainer(await cri.runPod());
  assert.deepEqual(await containerIds(cri, { id }), [id]);
});

spec(`${PREFIX} containers should list containers filtered by pod via streaming`, async (cri) => {
  const pod = await cri.runPod();
  const id = await cri.createContainer(pod);
  assert.deepEqual(await containerIds(cri, { podSandboxId: pod.id }), [id]);
});

spec(`${PREFIX} containers should list containers filtered by state via streaming`, async (cri) => {
  const id = await cri.runContainer(await cri.runPod());
  assert.ok((await containerIds(cri, { state: { state: "CONTAINER_RUNNING" } })).includes(id));
});

spec(`${PREFIX} containers should list multiple containers via streaming`, async (cri) => {
  const pod = await cri.runPod();
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push(await cri.createContainer(pod));
  assert.deepEqual((await containerIds(cri, { podSandboxId: pod.id })).sort(), ids.sort());
});

spec(`${PREFIX} containers should not list removed container via streaming`, async (cri) => {
  const containerId = await cri.createContainer(await cri.runPod());
  await cri.runtime.RemoveContainer({ containerId });
  assert.deepEqual(await containerIds(cri, { id: containerId }), []);
});

spec(`${PREFIX} containers should list container stats via streaming`, async (cri) => {
  const id = await cri.runContainer(await cri.runPod());
  assert.deepEqual(await containerStatsIds(cri, { id }), [id]);
});

spec(`${PREFIX} containers should list container stats filtered by labels via streaming`, async (cri) => {
  const id = await cri.runContainer(await cri.runPod(), { labels: { "stream-stats": "yes" } });
  assert.deepEqual(await containerStatsIds(cri, { labelSelector: { "stream-stats": "yes" } }), [id]);
  assert.deepEqual(await containerStatsIds(cri, { labelSelector: { "stream-stats": "no" } }), []);
});

spec(`${PREFIX} pod stats should list pod sandbox stats by ID via streaming`, async (cri) => {
  const { id } = await cri.runPod();
  assert.deepEqual(await podStatsIds(cri, { id }), [id]);
});

spec(`${PREFIX} pod stats should list pod sandbox stats with nil filter via streaming`, async (cri) => {
  const { id } = await cri.runPod();
  assert.ok((await podStatsIds(cri, null)).includes(id));
});

spec(`${PREFIX} pod stats should list pod sandbox stats filtered by labels via streaming`, async (cri) => {
  const { id } = await cri.runPod({ labels: { "stream-pod-stats": "yes" } });
  assert.deepEqual(await podStatsIds(cri, { labelSelector: { "stream-pod-stats": "yes" } }), [id]);
});

spec(`${PREFIX} pod metrics should list pod sandbox metrics via streaming`, async (cri) => {
  const { id } = await cri.runPod();
  const metrics = await allItems(cri.runtime.StreamPodSandboxMetrics(), (one) => one.podSandboxMetrics);
  assert.ok(metrics.some(({ podSandboxId }) => podSandboxId === id));
});

spec(`${PREFIX} images should list images via streaming`, async (cri) => {
  await cri.ensureImage(BUSYBOX);
  assert.ok((await images(cri, {})).some(({ repoTags }) => repoTags.includes(BUSYBOX)));
});

spec(`${PREFIX} images should list images filtered by spec via streaming`, async (cri) => {
  await cri.ensureImage(BUSYBOX);
  const [found, ...others] = await images(cri, { image: { image: BUSYBOX } });
  assert.ok(found?.repoTags.includes(BUSYBOX));
  assert.deepEqual(others, []);
});
