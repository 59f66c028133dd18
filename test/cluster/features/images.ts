/** Images of a private registry, by a secret that a pod names. */
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { pushImage } from "../../images/push.ts";
import { Registry } from "../../registry/registry.ts";
import { eventually } from "../../support/eventually.ts";
import { programImage } from "../../support/program-image.ts";
import type { Feature } from "../feature.ts";
import type { Cluster } from "../node/cluster.ts";
import { type Namespace, podObject } from "../node/namespace.ts";

const alice = { username: "alice", password: "open: sesame" };
const IMAGE = "private.test/team/app:1";

/** A registry that only alice may pull from, which the node knows as private.test. */
async function privateRegistry({ node: { daemon } }: Cluster): Promise<Registry> {
  const registry = await Registry.start({ auth: alice });
  const basic = Buffer.from(`${alice.username}:${alice.password}`).toString("base64");
  await pushImage(registry.address, "team/app", "1", programImage({}), `Basic ${basic}`);
  const table = `\n[[registry]]\nprefix = "private.test"\nlocation = "${registry.address}"\ninsecure = true\n`;
  appendFileSync(join(daemon.folder, "registries.conf"), table);
  return registry;
}

function pod(name: string, imagePullSecrets: object[]): object {
  const container = { name: "main", image: IMAGE, command: ["sleep", "1000000"] };
  return podObject(name, { containers: [container], imagePullSecrets, terminationGracePeriodSeconds: 0 });
}

/** Waits until the kubelet has been refused the image, and answers what it was told. */
async function refusal({ kubectl }: Namespace, name: string): Promise<string> {
  return eventually(async () => {
    const { status } = await kubectl.get(`pod/${name}`);
    const waiting = status.containerStatuses?.[0]?.state.waiting;
    assert.match(waiting?.reason ?? "", /^(ErrImagePull|ImagePullBackOff)$/);
    assert.notEqual(waiting.message, undefined);
    return waiting.message;
  }, 60);
}

export const features: readonly Feature[] = [
  {
    name: "an image pull secret opens a private registry, and for nobody else",
    async run(cluster) {
      await using _registry = await privateRegistry(cluster);
      await using namespace = await cluster.namespace("pull-secret");
      const { kubectl } = namespace;
      await kubectl.apply(pod("without", []));
      assert.match(await refusal(namespace, "without"), /private\.test\/team\/app/);
      const words = [`--docker-username=${alice.username}`, `--docker-password=${alice.password}`];
      const server = "--docker-server=private.test";
      await kubectl.run(["create", "secret", "docker-registry", "alice", server, ...words]);
      await kubectl.apply(pod("with", [{ name: "alice" }]));
      await kubectl.wait("condition=Ready", "pod/with");
      // The kubelet asks again whether they may, though the image is there by now.
      await kubectl.apply(pod("without-after", []));
      await refusal(namespace, "without-after");
    },
  },
];
