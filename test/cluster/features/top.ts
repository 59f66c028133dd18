/** kubectl top: metrics-server, a pod itself, asks the kubelet, which asks critter. */
import assert from "node:assert/strict";
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { sh } from "../../kubelet/node/manifest.ts";
import { Registry } from "../../registry/registry.ts";
import { eventually } from "../../support/eventually.ts";
import type { Feature } from "../feature.ts";
import { NODE_NAME } from "../node/cluster.ts";
import {
  metricsServer,
  pushMetricsServer,
  readerBinding,
  removeMetricsServer,
} from "../node/metrics-server.ts";
import { METRICS_SERVER } from "../node/programs.ts";

const IMAGE = "metrics.test/metrics-server:1";

/** The cells of the line that begins with `name`. */
function lineOf(table: string, name: string): string[] {
  const line = table.split("\n").find((text) => text.split(/\s+/).includes(name));
  assert.ok(line, `${name} is not in\n${table}`);
  return line.trim().split(/\s+/);
}

export const features: readonly Feature[] = [
  {
    name: "top tells what nodes, pods and containers use, by metrics-server in a pod",
    skip: () => (existsSync(METRICS_SERVER) ? undefined : `${METRICS_SERVER} is not there`),
    async run(cluster) {
      await using registry = await Registry.start();
      await pushMetricsServer(registry.address, "metrics-server", "1");
      const table = `\n[[registry]]\nprefix = "metrics.test"\nlocation = "${registry.address}"\ninsecure = true\n`;
      appendFileSync(join(cluster.node.daemon.folder, "registries.conf"), table);
      await using namespace = await cluster.namespace("top");
      const system = cluster.kubectl.in("kube-system");
      try {
        await system.apply(readerBinding(namespace));
        await namespace.kubectl.apply(...metricsServer(namespace, IMAGE));
        const busy = {
          name: "busy",
          command: sh("while :; do :; done"),
          resources: { limits: { cpu: "100m" } },
        };
        const idle = { name: "idle", command: sh("sleep 1000000 & wait") };
        await namespace.runPod("tried", { terminationGracePeriodSeconds: 0, containers: [busy, idle] });
        await namespace.kubectl.wait("condition=Available", "deployment/metrics-server");
        await eventually(async () => {
          const containers = await namespace.kubectl.run(["top", "pod", "tried", "--containers"]);
          const [, , cpu, memory] = lineOf(containers, "busy");
          assert.ok(Number.parseInt(cpu!, 10) >= 10, containers);
          assert.match(memory!, /^\d+Mi$/);
          lineOf(containers, "idle");
        }, 90);
        const nodes = await namespace.kubectl.run(["top", "node"]);
        assert.match(lineOf(nodes, NODE_NAME).slice(1).join(" "), /^\d+m \d+% \d+Mi \d+%$/);
      } finally {
        await system.run(["delete", "--ignore-not-found", "rolebinding/metrics-server"]);
        await removeMetricsServer(namespace);
      }
    },
  },
];
