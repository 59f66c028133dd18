/** Pods in the machine's namespaces, and containers that share theirs. */
import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { Feature } from "../feature.ts";
import type { PodSpec } from "../node/kubernetes.ts";
import type { StaticPod } from "../node/static-pods.ts";

const NAMESPACES = ["net", "ipc", "pid"] as const;

function podOf(fields: Partial<PodSpec>): PodSpec {
  return { ...fields, containers: [{ name: "main" }] };
}

/** Which namespaces of the machine a container is in. */
async function sharedNamespaces(pod: StaticPod): Promise<string[]> {
  const links = await pod.sh("main", NAMESPACES.map((kind) => `readlink /proc/self/ns/${kind}`).join("; "));
  const of = links.split("\n");
  return NAMESPACES.filter((kind, at) => of[at] === readlinkSync(`/proc/self/ns/${kind}`));
}

function sharing(
  name: string,
  fields: Partial<PodSpec>,
  expected: string[],
  more?: (pod: StaticPod) => Promise<void>,
) {
  return {
    name,
    async run({ pods }): Promise<void> {
      await using pod = await pods.run("namespaces", podOf(fields));
      await pod.untilReady();
      assert.deepEqual(await sharedNamespaces(pod), expected);
      await more?.(pod);
    },
  } satisfies Feature;
}

export const features: readonly Feature[] = [
  sharing("none of the machine's by default", {}, []),
  sharing("hostNetwork", { hostNetwork: true }, ["net"], async (pod) => {
    const interfaces = (await pod.sh("main", "ls /sys/class/net")).split(/\s+/);
    for (const name of Object.keys(networkInterfaces())) assert.ok(interfaces.includes(name), name);
    assert.equal(await pod.sh("main", "hostname"), hostname());
    const { status } = await pod.untilReady();
    assert.equal(status.podIP, status.hostIP);
  }),
  sharing("hostIPC", { hostIPC: true }, ["ipc"]),
  sharing("hostPID", { hostPID: true }, ["pid"], async (pod) => {
    assert.equal(await pod.sh("main", `[ -d /proc/${process.pid} ] && echo there`), "there");
  }),
  sharing("all of them", { hostNetwork: true, hostIPC: true, hostPID: true }, [...NAMESPACES]),
  {
    name: "shareProcessNamespace: containers see and signal each other's processes",
    async run({ pods }) {
      const containers = [{ name: "main" }, { name: "other", command: ["sleep", "12345"] }];
      await using pod = await pods.run("shared", { shareProcessNamespace: true, containers });
      await pod.untilReady();
      assert.match(await pod.sh("main", "cat /proc/1/cmdline"), /pause/);
      assert.equal(await pod.sh("main", "pgrep -f '^sleep 12345' | wc -l"), "1");
      await pod.sh("main", "kill -9 $(pgrep -f '^sleep 12345')");
      await pod.untilContainer(
        "other",
        "started again",
        ({ restartCount, state }) => restartCount === 1 && state.running,
      );
      const main = await pod.untilContainer("main", "running", (status) => status.state.running && status);
      assert.equal(main.restartCount, 0);
    },
  },
  {
    name: "without shareProcessNamespace, each container sees its own processes only",
    async run({ pods }) {
      const containers = [{ name: "main" }, { name: "other", command: ["sleep", "12345"] }];
      await using pod = await pods.run("apart", { containers });
      await pod.untilReady();
      assert.equal(await pod.sh("main", "readlink /proc/1/exe"), await pod.sh("main", "readlink -f /bin/sh"));
      assert.equal(await pod.sh("main", "pgrep -f '^sleep 12345' || echo none"), "none");
    },
  },
];
