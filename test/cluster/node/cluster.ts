/** A cluster of one node: the control plane, a critter, and a kubelet on it that has joined. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeletConfiguration } from "../../kubelet/node/kubelet-config.ts";
import { KubeletNode } from "../../kubelet/node/kubelet-node.ts";
import type { DaemonOptions } from "../../support/daemon.ts";
import { NODE_ADDRESS } from "../own-network.ts";
import { ControlPlane } from "./control-plane.ts";
import { Kubectl } from "./kubectl.ts";
import { Namespace } from "./namespace.ts";

export const NODE_NAME = "node";

export interface ClusterOptions {
  /** Host and port of the registry that mirrors all others. */
  registry: string;
  /** Of critter. */
  daemon?: Omit<DaemonOptions, "registry">;
  /** Fields of the kubelet's configuration that differ from test/kubelet/node/kubelet-config.ts's. */
  config?: KubeletConfiguration;
}

export class Cluster {
  readonly plane: ControlPlane;
  readonly node: KubeletNode;
  /** In no namespace. */
  readonly kubectl: Kubectl;
  readonly #folder: string;

  private constructor(folder: string, plane: ControlPlane, node: KubeletNode) {
    this.#folder = folder;
    this.plane = plane;
    this.node = node;
    this.kubectl = Kubectl.with(plane.kubeconfig, folder);
  }

  /** Starts all of it, and waits until pods can be made. This process must be in a network of its own. */
  static async start({ registry, daemon, config }: ClusterOptions): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), "critter-cluster-"));
    let plane: ControlPlane | undefined;
    let node: KubeletNode | undefined;
    try {
      plane = await ControlPlane.start({ folder, nodeName: NODE_NAME, address: NODE_ADDRESS });
      const args = ["--kubeconfig", plane.kubeletKubeconfig, "--node-ip", NODE_ADDRESS];
      node = await KubeletNode.start({
        registry,
        daemon,
        config: { address: "0.0.0.0", ...config },
        kubelet: { nodeName: NODE_NAME, args },
      });
      plane.startProxy();
      const cluster = new Cluster(folder, plane, node);
      await cluster.kubectl.wait("create", `node/${NODE_NAME}`);
      await cluster.kubectl.wait("condition=Ready", `node/${NODE_NAME}`);
      return cluster;
    } catch (error) {
      await saveLogs(folder, node);
      await node?.dispose();
      await plane?.stop();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** A namespace for one feature's objects; `await using` removes it with them and waits until they are gone. */
  async namespace(name: string): Promise<Namespace> {
    return Namespace.create(this.kubectl, name);
  }

  /** Fails where a program of the control plane has ended, or where the node has kept something of its pods. */
  async assertNothingLeft(): Promise<void> {
    await this.plane.assertRunning();
    await this.plane.stopProxy();
    await this.node.assertNothingLeft();
  }

  /** Copies the logs of all to CRITTER_TEST_LOGS, where that is set. */
  async saveLogs(): Promise<void> {
    await saveLogs(this.#folder, this.node);
  }

  /** Ends all of it and sweeps up. */
  async dispose(): Promise<void> {
    await this.node.dispose();
    await this.plane.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function saveLogs(folder: string, node?: KubeletNode): Promise<void> {
  const target = process.env.CRITTER_TEST_LOGS;
  if (!target) return;
  await cp(join(folder, "logs"), target, { recursive: true });
  node?.saveLogs(target);
}
