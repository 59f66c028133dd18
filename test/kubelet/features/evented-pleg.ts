/**
 * EventedPLEG: the kubelet is told what happens by GetContainerEvents, and lists pods every five minutes only. Whatever it notices
 * within a test it was told, for it falls back to lists without a word where the stream fails.
 */
import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { Scrape } from "../../support/prometheus-text.ts";
import type { Feature } from "../feature.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import { emptyDir, mount, sh } from "../node/manifest.ts";

const EVENTED = { featureGates: { EventedPLEG: true } };

interface Figures {
  connections: number;
  errors: number;
  events: number;
  lists: number;
}

async function figuresOf({ kubelet }: KubeletNode): Promise<Figures> {
  const scrape = new Scrape(await kubelet.api.get("/metrics"));
  return {
    connections: scrape.sum("kubelet_evented_pleg_connection_success_count"),
    errors: scrape.sum("kubelet_evented_pleg_connection_error_count"),
    events: scrape.sum("kubelet_evented_pleg_connection_latency_seconds_count"),
    lists: scrape.sum("kubelet_pleg_relist_duration_seconds_count"),
  };
}

/** `work` under a kubelet that is told of events; fails where it has fallen back to lists meanwhile. */
function byEvents(name: string, work: (node: KubeletNode) => Promise<void>): Feature {
  return {
    name,
    alone: true,
    async run(node) {
      await node.kubelet.restart(EVENTED);
      try {
        await eventually(async () => assert.equal((await figuresOf(node)).connections, 1));
        await work(node);
        const { connections, errors, events, lists } = await figuresOf(node);
        assert.deepEqual({ connections, errors }, { connections: 1, errors: 0 });
        assert.ok(events > 0, "no event has come");
        // The first one, and that of the next five minutes.
        assert.ok(lists <= 2, `${lists} lists`);
      } finally {
        await node.kubelet.restart();
      }
    },
  };
}

export const features: readonly Feature[] = [
  byEvents("pods run, become ready and go", async ({ pods }) => {
    for (let time = 0; time < 3; time++) {
      await using pod = await pods.run("evented", { containers: [{ name: "one" }, { name: "two" }] });
      await pod.untilReady(30);
    }
  }),
  byEvents("a container that ends is started again, with its exit code told", async ({ pods }) => {
    const command = sh("sleep 1; exit 6");
    await using pod = await pods.run("evented", { containers: [{ name: "main", command }] });
    const status = await pod.untilContainer(
      "main",
      "restarted twice",
      (found) => found.restartCount >= 2 && found,
      40,
    );
    assert.equal(status.lastState.terminated?.exitCode, 6);
  }),
  byEvents("a container that was started again is the one that counts", async (node) => {
    const command = sh("test -e /work/ran || { touch /work/ran; exit 6; }; sleep 1000000");
    await using pod = await node.pods.run("evented", {
      volumes: [emptyDir("work")],
      containers: [{ name: "main", command, volumeMounts: [mount("work", "/work")] }],
    });
    await pod.untilContainer(
      "main",
      "running again",
      ({ restartCount, ready }) => restartCount === 1 && ready,
    );
    // Time for the kubelet to look at it again.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const scrape = new Scrape(await node.kubelet.api.get("/metrics"));
    const failed = { operation_type: "create_container" };
    assert.equal(scrape.sum("kubelet_runtime_operations_errors_total", failed), 0);
  }),
  byEvents(
    "a pod that runs to its end has succeeded, init containers one after the other",
    async ({ pods }) => {
      await using pod = await pods.run("evented", {
        restartPolicy: "Never",
        initContainers: [
          { name: "first", command: ["true"] },
          { name: "second", command: ["sleep", "1"] },
        ],
        containers: [{ name: "main", command: ["sleep", "1"] }],
      });
      await pod.untilPhase("Succeeded", 40);
    },
  ),
  byEvents("a container killed for its memory is told as OOMKilled", async ({ pods }) => {
    const command = sh("sleep 1; head -c 100000000 /dev/zero | tail");
    const resources = { limits: { memory: "16Mi" } };
    const containers = [{ name: "main", command, resources }];
    await using pod = await pods.run("evented", { restartPolicy: "Never", containers });
    const { reason, exitCode } = await pod.untilTerminated("main", 40);
    assert.deepEqual([reason, exitCode], ["OOMKilled", 137]);
  }),
];
