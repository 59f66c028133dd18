/** Pods that are being started when the kubelet, or critter, is killed. */
import assert from "node:assert/strict";
import type { KubeletNode } from "./kubelet-node.ts";

/** Fails unless a pod runs once though `interrupt` comes when its sandbox is there, or one container, or both. */
export async function assertStartedOnce(
  { daemon, pods }: KubeletNode,
  interrupt: () => Promise<void>,
): Promise<void> {
  const { runtime } = daemon.client;
  for (let time = 0; time < 3; time++) {
    await using pod = await pods.run("half", { containers: [{ name: "one" }, { name: "two" }] });
    const labelSelector = { "io.kubernetes.pod.uid": pod.uid };
    while ((await runtime.ListPodSandbox({ filter: { labelSelector } })).items.length === 0) {}
    while ((await runtime.ListContainers({ filter: { labelSelector } })).containers.length < time) {}
    await interrupt();
    await pod.untilReady();
    const { containers } = await runtime.ListContainers({ filter: { labelSelector } });
    const states = containers.filter(({ state }) => state === "CONTAINER_RUNNING");
    assert.deepEqual(states.map(({ metadata }) => metadata?.name).sort(), ["one", "two"]);
    const { items } = await runtime.ListPodSandbox({ filter: { labelSelector } });
    assert.equal(items.filter(({ state }) => state === "SANDBOX_READY").length, 1);
  }
}
