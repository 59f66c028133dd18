/**
 * RuntimeClass: an object of the API server's, of which a kubelet without one knows nothing. With an API server, pods run by the handler
 * that their class names.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { testRuntime } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";
import type { Feature } from "../feature.ts";
import { ApiNode } from "../node/api-node.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import { limitsOf, podCgroup } from "../node/pod-cgroups.ts";

const CLASSES = "/apis/node.k8s.io/v1/runtimeclasses";
const MIB = 1024 * 1024;

async function handlerOf({ daemon }: KubeletNode, podName: string): Promise<string | undefined> {
  const labelSelector = { "io.kubernetes.pod.name": podName };
  const { items } = await daemon.client.runtime.ListPodSandbox({ filter: { labelSelector } });
  return items[0]?.runtimeHandler;
}

function makeClass({ server }: ApiNode, name: string, handler: string, more: object = {}): Promise<unknown> {
  const head = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name } };
  return server.ask("POST", CLASSES, { ...head, handler, ...more });
}

export const features: readonly Feature[] = [
  {
    name: "no class: critter's default handler",
    async run(node) {
      await using pod = await node.pods.run("handler", { containers: [{ name: "main" }] });
      const { metadata } = await pod.untilReady();
      assert.equal(await handlerOf(node, metadata.name), "");
      const { runtimeHandlers } = await node.daemon.client.runtime.Status({});
      for (const wanted of ["", testRuntime])
        assert.ok(
          runtimeHandlers.some(({ name }) => name === wanted),
          wanted,
        );
    },
  },
  {
    name: "a class's handler and overhead; a handler that critter does not have",
    async run({ registry }) {
      const handlers = { other: { runtime_path: testRuntimePath() } };
      await using node = await ApiNode.start({ registry, daemon: { handlers } });
      await makeClass(node, "other", "other", { overhead: { podFixed: { memory: "16Mi" } } });
      await makeClass(node, "nowhere", "no-such-handler");

      const resources = { limits: { memory: "32Mi", cpu: "1" } };
      await using pod = await node.create("classed", {
        runtimeClassName: "other",
        containers: [{ name: "main", resources }],
      });
      const known = await pod.untilPhase("Running");
      assert.equal(await handlerOf(node.node, pod.name), "other");
      assert.equal(limitsOf(podCgroup(node.node, known)).memory, 48 * MIB);

      await using plain = await node.create("plain", { containers: [{ name: "main" }] });
      await plain.untilPhase("Running");
      assert.equal(await handlerOf(node.node, plain.name), "");

      await using lost = await node.create("lost", {
        runtimeClassName: "nowhere",
        containers: [{ name: "main" }],
      });
      const events = `/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=${lost.name},type=Warning`;
      await lost.until("refused", ({ status }) => status.phase === "Pending");
      await eventually(async () => {
        const { items } = await node.server.ask<{ items: { reason: string; message: string }[] }>(
          "GET",
          events,
        );
        const refused = items.find(({ reason }) => reason === "FailedCreatePodSandBox");
        assert.match(refused?.message ?? "", /no-such-handler/);
      }, 60);
    },
  },
];

/** The same runtime under another handler's name. */
function testRuntimePath(): string {
  const named = process.env.CRITTER_TEST_RUNTIME || "runc";
  return named.includes("/") ? named : execFileSync("which", [named], { encoding: "utf8" }).trim();
}
