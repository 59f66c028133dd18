/** Services, as kube-proxy makes them for pods of critter's networks. */
import assert from "node:assert/strict";
import { thenForever } from "../../kubelet/node/manifest.ts";
import { eventually } from "../../support/eventually.ts";
import { SLOW } from "../../support/slow.ts";
import type { Feature } from "../feature.ts";
import { APISERVER_SERVICE } from "../node/control-plane.ts";
import type { Namespace } from "../node/namespace.ts";
import { NODE_ADDRESS } from "../own-network.ts";

const labels = { app: "tried" };
const server = {
  name: "main",
  command: thenForever("mkdir /www; hostname > /www/index.html; httpd -p 8080 -h /www"),
  readinessProbe: { httpGet: { port: 8080, path: "/" }, periodSeconds: 1 },
};

/** Two pods that tell their names, and a service before them. Answers the service's address and port of the node. */
async function served(namespace: Namespace): Promise<{ address: string; nodePort: number }> {
  const { kubectl } = namespace;
  const ports = [{ port: 80, targetPort: 8080 }];
  const spec = { type: "NodePort", selector: labels, ports };
  await kubectl.apply({ apiVersion: "v1", kind: "Service", metadata: { name: "tried" }, spec });
  for (const name of ["one", "two"]) await namespace.runPod(name, { containers: [server] }, { labels });
  const service = await kubectl.get("service/tried");
  return { address: service.spec.clusterIP, nodePort: service.spec.ports[0].nodePort };
}

/** Asks until both pods have answered. */
async function assertBoth(ask: () => Promise<string>): Promise<void> {
  const seen = new Set<string>();
  await eventually(async () => {
    seen.add((await ask()).trim());
    assert.deepEqual([...seen].sort(), ["one", "two"]);
  }, 60);
}

async function textAt(url: string): Promise<string> {
  return (await fetch(url, { signal: AbortSignal.timeout(5_000 * SLOW) })).text();
}

export const features: readonly Feature[] = [
  {
    name: "a ClusterIP reaches pods, from the node and from a pod",
    async run(cluster) {
      await using namespace = await cluster.namespace("cluster-ip");
      const { address } = await served(namespace);
      await assertBoth(() => textAt(`http://${address}/`));
      await namespace.runPod("client", { containers: [{ name: "main" }] });
      await assertBoth(() => namespace.sh("client", `timeout 5 wget -q -O - http://${address}/`));
    },
  },
  {
    name: "a NodePort serves on the node's address",
    async run(cluster) {
      await using namespace = await cluster.namespace("node-port");
      const { nodePort } = await served(namespace);
      await assertBoth(() => textAt(`http://${NODE_ADDRESS}:${nodePort}/`));
    },
  },
  {
    name: "a pod reaches the apiserver by the service kubernetes, whose address it is told",
    async run(cluster) {
      await using namespace = await cluster.namespace("apiserver");
      await namespace.runPod("client", { containers: [{ name: "main" }] });
      const told = await namespace.sh("client", "echo $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT");
      assert.equal(told, `${APISERVER_SERVICE} 443`);
      await namespace.sh("client", `nc -w 5 ${APISERVER_SERVICE} 443 < /dev/null`);
    },
  },
];
