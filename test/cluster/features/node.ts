/** The node as the apiserver sees it: its conditions, its runtime, its static pods. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { eventually } from "../../support/eventually.ts";
import { NEW_RUNC } from "../../support/new-runc.ts";
import type { Feature } from "../feature.ts";
import { NODE_NAME } from "../node/cluster.ts";
import { NODE_ADDRESS } from "../own-network.ts";

export const features: readonly Feature[] = [
  {
    name: "is Ready, with critter's version and the address that it was given",
    async run({ kubectl, node }) {
      const { status } = await kubectl.get(`node/${NODE_NAME}`);
      const { runtimeVersion } = await node.daemon.client.runtime.Version();
      assert.equal(status.nodeInfo.containerRuntimeVersion, `critter://${runtimeVersion}`);
      assert.equal(
        status.addresses.find(({ type }: { type: string }) => type === "InternalIP").address,
        NODE_ADDRESS,
      );
      const conditions = status.conditions.map(
        (condition: { type: string; status: string }) => `${condition.type} ${condition.status}`,
      );
      assert.deepEqual(conditions.sort(), [
        "DiskPressure False",
        "MemoryPressure False",
        "PIDPressure False",
        "Ready True",
      ]);
    },
  },
  {
    name: "tells its images",
    async run({ kubectl }) {
      await eventually(async () => {
        const { status } = await kubectl.get(`node/${NODE_NAME}`);
        const names = status.images.flatMap((image: { names: string[] }) => image.names);
        assert.ok(names.includes("registry.k8s.io/e2e-test-images/busybox:1.29-2"), names.join(" "));
      }, 60);
    },
  },
  {
    name: "tells the features of each runtime handler",
    skip: () => (existsSync(NEW_RUNC) ? undefined : `${NEW_RUNC} is not there`),
    async run({ kubectl }) {
      const { status } = await kubectl.get(`node/${NODE_NAME}`);
      const handler = status.runtimeHandlers.find(({ name }: { name: string }) => name === "new-runc");
      assert.deepEqual(handler.features, { recursiveReadOnlyMounts: true, userNamespaces: true });
      assert.equal(status.features.supplementalGroupsPolicy, true);
    },
  },
  {
    name: "shows a static pod by its mirror, and removes that with it",
    async run({ kubectl, node: { pods } }) {
      const namespaced = kubectl.in("default");
      const pod = await pods.run("mirrored", { containers: [{ name: "main" }] });
      const mirror = `pod/${pod.metadata.name}-${NODE_NAME}`;
      try {
        await namespaced.wait("create", mirror);
        await namespaced.wait("condition=Ready", mirror);
        const { metadata } = await namespaced.get(mirror);
        assert.equal(metadata.annotations?.["kubernetes.io/config.source"], "file");
        const word = randomUUID();
        assert.equal(await namespaced.run(["exec", mirror, "--", "echo", word]), word);
      } finally {
        await pod.remove();
      }
      await namespaced.wait("delete", mirror);
    },
  },
  {
    name: "is drained, and takes pods again when it is uncordoned",
    alone: true,
    async run(cluster) {
      await using namespace = await cluster.namespace("drain");
      const { kubectl } = namespace;
      await kubectl.run([
        "create",
        "deployment",
        "tried",
        "--image=registry.k8s.io/e2e-test-images/nginx:1.14-2",
        "--replicas=3",
      ]);
      await kubectl.wait("condition=Available", "deployment/tried");
      try {
        await cluster.kubectl.run([
          "drain",
          NODE_NAME,
          "--ignore-daemonsets",
          "--delete-emptydir-data",
          "--force",
        ]);
        const { items } = await kubectl.get<{ items: { status: { phase: string } }[] }>("pods");
        assert.deepEqual(
          items.map(({ status }) => status.phase),
          ["Pending", "Pending", "Pending"],
        );
      } finally {
        await cluster.kubectl.run(["uncordon", NODE_NAME]);
      }
      await kubectl.wait("condition=Available", "deployment/tried");
    },
  },
];
