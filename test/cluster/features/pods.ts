/** Pods as the apiserver sees them: their events, their end, their class of runtime. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { sh, thenForever } from "../../kubelet/node/manifest.ts";
import { eventually } from "../../support/eventually.ts";
import { NEW_RUNC } from "../../support/new-runc.ts";
import type { Feature } from "../feature.ts";
import type { Cluster } from "../node/cluster.ts";
import { type Namespace, podObject } from "../node/namespace.ts";

interface Event {
  reason: string;
  message: string;
}

/** Waits until all of the reasons are among the events of a pod; answers the events. */
async function untilEvents({ kubectl }: Namespace, pod: string, reasons: string[]): Promise<Event[]> {
  return eventually(async () => {
    const { items } = await kubectl.get<{ items: Event[] }>(
      "events",
      `--field-selector=involvedObject.name=${pod}`,
    );
    const seen = items.map(({ reason }) => reason);
    const missing = reasons.filter((reason) => !seen.includes(reason));
    assert.deepEqual(missing, [], `only ${seen.join(", ")}`);
    return items;
  }, 60);
}

/** Only with a runtime that knows them. */
const withNewRunc = () => (existsSync(NEW_RUNC) ? undefined : `${NEW_RUNC} is not there`);

/** Makes a RuntimeClass, which is in no namespace; `await using` removes it. */
async function runtimeClass({ kubectl }: Cluster, name: string, handler: string): Promise<AsyncDisposable> {
  await kubectl.apply({ apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name }, handler });
  return { [Symbol.asyncDispose]: async () => void (await kubectl.run(["delete", `runtimeclass/${name}`])) };
}

export const features: readonly Feature[] = [
  {
    name: "a liveness probe that fails is told by events, and the container started again",
    async run(cluster) {
      await using namespace = await cluster.namespace("liveness");
      const livenessProbe = {
        exec: { command: ["test", "-e", "/tmp/up"] },
        periodSeconds: 1,
        failureThreshold: 1,
      };
      const container = { name: "main", livenessProbe, command: thenForever("touch /tmp/up") };
      await namespace.runPod("tried", { containers: [container] });
      await namespace.sh("tried", "rm /tmp/up");
      const reasons = ["Scheduled", "Pulled", "Created", "Started", "Unhealthy", "Killing"];
      await untilEvents(namespace, "tried", reasons);
      await namespace.kubectl.wait("jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/tried");
    },
  },
  {
    name: "an image that is nowhere is told by events",
    async run(cluster) {
      await using namespace = await cluster.namespace("no-image");
      const container = { name: "main", image: "registry.k8s.io/nowhere:1" };
      await namespace.kubectl.apply(podObject("tried", { containers: [container] }));
      const events = await untilEvents(namespace, "tried", ["Pulling", "Failed", "BackOff"]);
      const failed = events.find(({ message }) => message.startsWith("Failed to pull image"));
      assert.match(failed?.message ?? "", /registry\.k8s\.io\/nowhere:1/);
      assert.match(failed?.message ?? "", /code = NotFound/);
    },
  },
  {
    name: "a program that is not in the image is told by the pod's status",
    async run(cluster) {
      await using namespace = await cluster.namespace("no-program");
      const container = { name: "main", command: ["/nowhere"] };
      await namespace.kubectl.apply(podObject("tried", { containers: [container] }));
      const { kubectl } = namespace;
      await kubectl.wait("jsonpath={.status.containerStatuses[0].state.waiting.message}", "pod/tried");
      const { status } = await kubectl.get("pod/tried");
      const { reason, message } = status.containerStatuses[0].state.waiting;
      assert.equal(reason, "CreateContainerError");
      assert.match(message, /"\/nowhere"/);
    },
  },
  {
    name: "a deleted pod has its grace period, and is gone once it ends",
    async run(cluster) {
      await using namespace = await cluster.namespace("grace");
      const { kubectl } = namespace;
      const command = sh(
        "trap 'echo asked; sleep 3; echo done; exit 0' TERM; touch /tmp/up; while :; do sleep 1; done",
      );
      const readinessProbe = { exec: { command: ["test", "-e", "/tmp/up"] }, periodSeconds: 1 };
      const container = { name: "main", command, readinessProbe };
      await namespace.runPod("tried", { terminationGracePeriodSeconds: 60, containers: [container] });
      const logs = kubectl.run(["logs", "--follow", "tried"]);
      const began = performance.now();
      await kubectl.run(["delete", "pod/tried"]);
      assert.ok(performance.now() - began < 40_000, "it was killed, or waited for in vain");
      assert.deepEqual((await logs).split("\n"), ["asked", "done"]);
    },
  },
  {
    name: "a pod that does not end is killed after its grace period",
    async run(cluster) {
      await using namespace = await cluster.namespace("stubborn");
      const command = sh("trap '' TERM; touch /tmp/up; while :; do sleep 1; done");
      const readinessProbe = { exec: { command: ["test", "-e", "/tmp/up"] }, periodSeconds: 1 };
      const container = { name: "main", command, readinessProbe };
      await namespace.runPod("tried", { containers: [container] });
      await namespace.kubectl.run(["delete", "pod/tried", "--grace-period=3"]);
    },
  },
  {
    name: "a RuntimeClass chooses the runtime",
    skip: withNewRunc,
    async run(cluster) {
      await using namespace = await cluster.namespace("runtime-class");
      await using _class = await runtimeClass(cluster, "tried-class", "new-runc");
      await namespace.runPod("tried", { runtimeClassName: "tried-class", containers: [{ name: "main" }] });
      const labelSelector = { "io.kubernetes.pod.namespace": namespace.name };
      const { items } = await cluster.node.daemon.client.runtime.ListPodSandbox({
        filter: { labelSelector },
      });
      assert.deepEqual(
        items.map(({ runtimeHandler }) => runtimeHandler),
        ["new-runc"],
      );
    },
  },
  {
    name: "a RuntimeClass without a handler is told by events",
    async run(cluster) {
      await using namespace = await cluster.namespace("no-handler");
      await using _class = await runtimeClass(cluster, "tried-nowhere", "nowhere");
      const spec = { runtimeClassName: "tried-nowhere", containers: [{ name: "main" }] };
      await namespace.kubectl.apply(podObject("tried", spec));
      const events = await untilEvents(namespace, "tried", ["FailedCreatePodSandBox"]);
      assert.match(events.map(({ message }) => message).join("\n"), /nowhere/);
    },
  },
  {
    name: "a pod has a user namespace of its own",
    skip: withNewRunc,
    async run(cluster) {
      await using namespace = await cluster.namespace("user-namespace");
      await using _class = await runtimeClass(cluster, "tried-users", "new-runc");
      const spec = { hostUsers: false, runtimeClassName: "tried-users", containers: [{ name: "main" }] };
      await namespace.runPod("tried", spec);
      const map = await namespace.sh("tried", "cat /proc/self/uid_map");
      const [inside, outside, count] = map.trim().split(/\s+/).map(Number);
      assert.equal(inside, 0);
      assert.ok(outside! >= 65_536, map);
      assert.equal(count, 65_536);
      // Its token's owner is mapped.
      await namespace.sh("tried", "cat /var/run/secrets/kubernetes.io/serviceaccount/token > /dev/null");
    },
  },
  {
    name: "an in-place resize is told by the pod's status",
    async run(cluster) {
      await using namespace = await cluster.namespace("resize");
      const { kubectl } = namespace;
      const resources = { requests: { cpu: "50m" }, limits: { cpu: "100m" } };
      await namespace.runPod("tried", { containers: [{ name: "main", resources }] });
      const changed = { requests: { cpu: "60m" }, limits: { cpu: "200m" } };
      const patch = JSON.stringify({ spec: { containers: [{ name: "main", resources: changed }] } });
      await kubectl.run(["patch", "pod/tried", "--subresource=resize", "--patch", patch]);
      await kubectl.wait("jsonpath={.status.containerStatuses[0].resources.limits.cpu}=200m", "pod/tried");
      const { status } = await kubectl.get("pod/tried");
      assert.equal(status.containerStatuses[0].restartCount, 0);
    },
  },
];
