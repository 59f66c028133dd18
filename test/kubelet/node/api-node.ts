/** A node whose kubelet has an API server, and pods of its: for what static pods cannot do. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiPod } from "./api-pods.ts";
import { ApiServer } from "./api-server.ts";
import { KubeletNode, type KubeletNodeOptions } from "./kubelet-node.ts";
import type { PodCondition, PodSpec } from "./kubernetes.ts";

/** How often it tells of itself. */
const CONFIG = { nodeStatusUpdateFrequency: "2s", nodeStatusReportFrequency: "2s" };

export class ApiNode {
  readonly server: ApiServer;
  readonly node: KubeletNode;
  readonly #stack: AsyncDisposableStack;

  private constructor(server: ApiServer, node: KubeletNode, stack: AsyncDisposableStack) {
    this.server = server;
    this.node = node;
    this.#stack = stack;
  }

  static async start({ config, ...options }: Omit<KubeletNodeOptions, "kubelet">): Promise<ApiNode> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "critter-api-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const server = stack.use(await ApiServer.start(folder));
    const kubelet = { args: ["--kubeconfig", server.kubeconfig] };
    const node = stack.use(
      await KubeletNode.start({ ...options, config: { ...CONFIG, ...config }, kubelet }),
    );
    return new ApiNode(server, node, stack.move());
  }

  /** Makes a pod for the node; see `ApiPod.create`. */
  create(name: string, spec: PodSpec): Promise<ApiPod> {
    return ApiPod.create(this.server, this.node.kubelet.nodeName, name, spec);
  }

  /** "True", "False" or "Unknown"; undefined where the node has no such condition yet. */
  async condition(type: string): Promise<string | undefined> {
    const { nodeName } = this.node.kubelet;
    const path = `/api/v1/nodes/${nodeName}`;
    const node = await this.server.find<{ status: { conditions?: PodCondition[] } }>(path);
    return node?.status.conditions?.find((condition) => condition.type === type)?.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
