/** hostUsers: false: root of the pod is nobody of the machine. Needs runc 1.2, or crun. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Feature } from "../feature.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import type { PodSpec } from "../node/kubernetes.ts";
import type { StaticPod } from "../node/static-pods.ts";

function podOf(fields: Partial<PodSpec> = {}, container: object = {}): PodSpec {
  return {
    hostUsers: false,
    ...fields,
    containers: [{ name: "main", ...container }],
  };
}

/** The first ID of the machine that the pod's root is, and how many there are. */
async function mapping(pod: StaticPod): Promise<[first: number, count: number]> {
  const [inside, first, count] = (await pod.sh("main", "cat /proc/self/uid_map"))
    .trim()
    .split(/\s+/)
    .map(Number);
  assert.equal(inside, 0);
  return [first!, count!];
}

/** The machine's user of a container's first process. */
async function userOf({ daemon }: KubeletNode, pod: StaticPod): Promise<number> {
  const { runtime } = daemon.client;
  const labelSelector = { "io.kubernetes.pod.uid": pod.uid };
  const { containers } = await runtime.ListContainers({ filter: { labelSelector } });
  const { info } = await runtime.ContainerStatus({ containerId: containers[0]!.id, verbose: true });
  const status = readFileSync(`/proc/${JSON.parse(info.info!).pid}/status`, "utf8");
  return Number(/^Uid:\s+(\d+)/m.exec(status)![1]);
}

export const features: readonly Feature[] = [
  {
    name: "root of the pod is nobody of the machine, and no other pod's root",
    async run(node) {
      await using one = await node.pods.run("users", podOf());
      await using other = await node.pods.run("users", podOf());
      for (const pod of [one, other]) await pod.untilReady();
      assert.equal(await one.sh("main", "id -u; touch /file; stat -c %u /file"), "0\n0");
      const [first, count] = await mapping(one);
      const [second] = await mapping(other);
      assert.ok(first >= 65_536, `maps root to ${first}`);
      assert.equal(count, 65_536);
      assert.ok(Math.abs(first - second) >= count, `${first} and ${second} overlap`);
      assert.equal(await userOf(node, one), first);
    },
  },
  {
    name: "files of volumes belong to the pod's users",
    async run({ pods }) {
      const spec = podOf(
        {
          securityContext: { runAsUser: 1000, fsGroup: 2000 },
          volumes: [
            { name: "disk", emptyDir: {} },
            { name: "memory", emptyDir: { medium: "Memory" } },
            {
              name: "api",
              downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] },
            },
          ],
        },
        {
          volumeMounts: ["disk", "memory", "api"].map((name) => ({ name, mountPath: `/${name}` })),
        },
      );
      await using pod = await pods.run("volumes", spec);
      await pod.untilReady();
      const script =
        "for v in disk memory; do touch /$v/file; stat -c '%u %g' /$v /$v/file; done; stat -c %u -L /api/name";
      assert.equal(await pod.sh("main", script), "0 2000\n1000 2000\n0 2000\n1000 2000\n0");
    },
  },
  {
    name: "a restarted container has the same users",
    async run({ pods }) {
      const spec = podOf({}, { command: ["sh", "-c", "trap 'exit 3' TERM; while true; do sleep 0.2; done"] });
      await using pod = await pods.run("again", spec);
      await pod.untilReady();
      const before = await mapping(pod);
      await pod.sh("main", "kill 1");
      await pod.untilContainer(
        "main",
        "started again",
        ({ restartCount, state }) => restartCount === 1 && state.running,
      );
      assert.deepEqual(await mapping(pod), before);
    },
  },
  {
    name: "procMount Unmasked shows all of /proc",
    async run({ pods }) {
      await using pod = await pods.run("proc", podOf({}, { securityContext: { procMount: "Unmasked" } }));
      await pod.untilReady();
      assert.equal(await pod.sh("main", "grep -c ' /proc/' /proc/self/mountinfo || true"), "0");
      await using masked = await pods.run("masked", podOf());
      await masked.untilReady();
      assert.notEqual(await masked.sh("main", "grep -c ' /proc/' /proc/self/mountinfo"), "0");
    },
  },
  {
    name: "privileged within the namespace only",
    async run({ pods }) {
      // By their default AppArmor profile containers may not mount, whatever their capabilities.
      const appArmorProfile = { type: "Unconfined" };
      const securityContext = { capabilities: { add: ["SYS_ADMIN"] }, appArmorProfile };
      await using pod = await pods.run("mighty", podOf({}, { securityContext }));
      await pod.untilReady();
      const script =
        "mkdir /m; mount -t tmpfs none /m && echo mounted; echo 1 > /proc/sys/kernel/panic 2>/dev/null || echo refused";
      assert.match(await pod.sh("main", script), /mounted\nrefused$/);
    },
  },
];
