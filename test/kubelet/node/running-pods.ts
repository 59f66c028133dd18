/** Pods of several kinds that run while the kubelet, or critter, or both, are away: nobody of theirs may notice. */
import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { echoServer, HeldConnection } from "./held-connection.ts";
import type { KubeletNode } from "./kubelet-node.ts";
import type { ContainerStatus, Pod } from "./kubernetes.ts";
import { sh } from "./manifest.ts";
import type { StaticPod } from "./static-pods.ts";

const PORT = 9000;

/** What a container must be found as afterwards. */
type Kept = Pick<ContainerStatus, "name" | "containerID" | "restartCount">;

export class RunningPods {
  /** Of two containers and a sidecar; the one was restarted once, and one answers connections. */
  readonly pod: StaticPod;
  readonly #connection: HeldConnection;
  readonly #kept: Kept[];
  readonly #ip: string;
  readonly #node: KubeletNode;
  #told = 0;

  private constructor(node: KubeletNode, pod: StaticPod, connection: HeldConnection, known: Pod) {
    this.#node = node;
    this.pod = pod;
    this.#connection = connection;
    this.#kept = keptOf(known);
    this.#ip = known.status.podIP!;
  }

  static async start(node: KubeletNode): Promise<RunningPods> {
    const pod = await node.pods.run("kept", {
      volumes: [{ name: "memory", emptyDir: { medium: "Memory" } }],
      initContainers: [
        { name: "before", command: ["true"] },
        { name: "sidecar", restartPolicy: "Always" },
      ],
      containers: [
        { name: "echo", command: echoServer(PORT) },
        {
          name: "restarted",
          // Fails once, and then runs.
          command: sh(
            "[ -e /memory/again ] || { touch /memory/again; exit 3; }; while true; do date; sleep 0.2; done",
          ),
          volumeMounts: [{ name: "memory", mountPath: "/memory" }],
        },
      ],
    });
    await pod.untilContainer(
      "restarted",
      "restarted",
      ({ restartCount, ready }) => restartCount === 1 && ready,
    );
    const known = await pod.untilReady();
    const connection = await eventually(() => HeldConnection.open(known.status.podIP!, PORT));
    const running = new RunningPods(node, pod, connection, known);
    await running.talk();
    return running;
  }

  /** Fails where the connection is broken. */
  async talk(): Promise<void> {
    await this.#connection.echoes(`${++this.#told} said\n`);
  }

  /** Fails unless every container is the same as before, as the kubelet and critter tell it. */
  async assertKept(): Promise<void> {
    await this.talk();
    // A kubelet that has only begun tells what it has found so far.
    await eventually(async () => {
      const known = await this.pod.untilReady();
      assert.deepEqual(keptOf(known), this.#kept);
      assert.equal(known.status.podIP, this.#ip);
    });
    const { runtime } = this.#node.daemon.client;
    const labelSelector = { "io.kubernetes.pod.uid": this.pod.uid };
    const { containers } = await runtime.ListContainers({
      filter: { labelSelector, state: { state: "CONTAINER_RUNNING" } },
    });
    const running = containers.map(({ id }) => id).sort();
    const kept = this.#kept.filter(({ name }) => name !== "before");
    assert.deepEqual(running, kept.map(({ containerID }) => containerID!.split("//")[1]!).sort());
    const { items } = await runtime.ListPodSandbox({ filter: { labelSelector } });
    assert.equal(items.length, 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
    await this.pod.remove();
  }
}

function keptOf({ status }: Pod): Kept[] {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return all.map(({ name, containerID, restartCount }) => ({ name, containerID, restartCount }));
}
