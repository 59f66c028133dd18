import assert from "node:assert/strict";
import { test } from "node:test";
import { containerConfig } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { livePod } from "../support/live-pod.ts";
import { assertNothingLeft, podConfigFor, removePod } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const parts = suite();

async function listedPods(): Promise<string[]> {
  const { items } = await parts.daemon.client.runtime.ListPodSandbox();
  return items.map(({ id }) => id);
}

test("RunPodSandbox asked for four times at once makes one pod", async () => {
  const { daemon } = parts;
  const config = podConfigFor(daemon);
  const calls = Array.from({ length: 4 }, () => daemon.client.runtime.RunPodSandbox({ config }));
  const ids = (await Promise.all(calls)).map(({ podSandboxId }) => podSandboxId);
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual(await listedPods(), [ids[0]]);
  await removePod(daemon, ids[0]!);
});

test("a client that gave up on RunPodSandbox finds its pod when it asks again, and no second one", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  const config = podConfigFor(daemon);
  const given = outcome(runtime.RunPodSandbox({ config }, { timeout: 20 }));
  assert.equal(await given, "DEADLINE_EXCEEDED");
  assert.deepEqual(await listedPods(), [], "half a pod is not listed");
  const { podSandboxId } = await runtime.RunPodSandbox({ config });
  assert.deepEqual(await listedPods(), [podSandboxId]);
  assert.equal((await runtime.RunPodSandbox({ config })).podSandboxId, podSandboxId);
  await removePod(daemon, podSandboxId);
});

test("a pod removed while it is asked for again is made anew", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  const config = podConfigFor(daemon);
  const { podSandboxId: first } = await runtime.RunPodSandbox({ config });
  await removePod(daemon, first);
  const { podSandboxId: second } = await runtime.RunPodSandbox({ config });
  assert.notEqual(second, first);
  await removePod(daemon, second);
});

test("a stopped pod's name is taken until it is removed; the next attempt is another name", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  await using pod = await livePod(daemon);
  await runtime.StopPodSandbox({ podSandboxId: pod.id });
  assert.equal(await outcome(runtime.RunPodSandbox({ config: pod.config })), "ALREADY_EXISTS");
  const metadata = { ...pod.config.metadata!, attempt: 3 };
  const { podSandboxId: next } = await runtime.RunPodSandbox({ config: { ...pod.config, metadata } });
  assert.notEqual(next, pod.id);
  await removePod(daemon, next);
});

test("CreateContainer asked for again, at once or after giving up, answers one container", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  await using pod = await livePod(daemon);
  const create = (name: string, timeout?: number) => {
    const config = containerConfig({ metadata: { name, attempt: 0 } });
    const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
    return runtime.CreateContainer(request, { timeout });
  };
  const [once, twice] = await Promise.all([create("one"), create("one")]);
  assert.equal(once.containerId, twice.containerId);
  assert.equal(await outcome(create("two", 5)), "DEADLINE_EXCEEDED");
  const { containerId } = await create("two");
  const { containers } = await runtime.ListContainers({});
  assert.deepEqual(containers.map(({ id }) => id).sort(), [once.containerId, containerId].sort());

  await runtime.StartContainer({ containerId });
  await assert.rejects(create("two"), new RegExp(`container two, attempt 0: ${containerId} has that name`));
  const changed = containerConfig({ metadata: { name: "one", attempt: 0 }, command: ["sleep", "1"] });
  const request = { podSandboxId: pod.id, config: changed, sandboxConfig: pod.config };
  assert.equal(await outcome(runtime.CreateContainer(request)), "ALREADY_EXISTS");
});

test("calls repeated on what is stopped or gone are no errors", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  const pod = await livePod(daemon);
  const containerId = await pod.run();
  const podSandboxId = pod.id;
  for (let time = 0; time < 2; time++) await runtime.StopContainer({ containerId, timeout: 5 });
  for (let time = 0; time < 2; time++) await runtime.RemoveContainer({ containerId });
  await runtime.StopContainer({ containerId });
  for (let time = 0; time < 2; time++) await runtime.StopPodSandbox({ podSandboxId });
  for (let time = 0; time < 2; time++) await runtime.RemovePodSandbox({ podSandboxId });
  await runtime.StopPodSandbox({ podSandboxId });
  assert.equal(await outcome(runtime.PodSandboxStatus({ podSandboxId })), "NOT_FOUND");
  assert.equal(await outcome(runtime.ContainerStatus({ containerId })), "NOT_FOUND");
  await assertNothingLeft(daemon, parts.nothing);
});

test("stop, remove and create at the same moment leave nothing", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  const pod = await livePod(daemon);
  await pod.run();
  await Promise.all([
    runtime.StopPodSandbox({ podSandboxId: pod.id }),
    pod.create().catch(() => {}),
    runtime.RemovePodSandbox({ podSandboxId: pod.id }),
    runtime.StopPodSandbox({ podSandboxId: pod.id }),
    pod.run().catch(() => {}),
    runtime.RemovePodSandbox({ podSandboxId: pod.id }),
  ]);
  await assertNothingLeft(daemon, parts.nothing);
});
