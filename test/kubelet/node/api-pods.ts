/** Pods that an API server gives to a kubelet: unlike static ones they are evicted, and name RuntimeClasses. */
import { randomUUID } from "node:crypto";
import { SLOW } from "../../support/slow.ts";
import type { ApiServer } from "./api-server.ts";
import type { Pod, PodSpec } from "./kubernetes.ts";
import { withDefaults } from "./static-pods.ts";

export const PODS = "/api/v1/namespaces/default/pods";
const PATIENCE = 60;

export class ApiPod {
  readonly name: string;
  readonly #server: ApiServer;

  private constructor(server: ApiServer, name: string) {
    this.#server = server;
    this.name = name;
  }

  /** Makes a pod for the kubelet of that name; the rest is as `StaticPods.run` has it. `await using` removes it. */
  static async create(server: ApiServer, nodeName: string, name: string, spec: PodSpec): Promise<ApiPod> {
    const pod = new ApiPod(server, `${name}-${randomUUID().slice(0, 4)}`);
    await server.ask("POST", PODS, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: pod.name },
      spec: { nodeName, ...withDefaults(spec) },
    });
    return pod;
  }

  /** Waits until `look` answers something other than undefined and false; `what` it waits for is told where that takes too long. */
  async until<T>(what: string, look: (pod: Pod) => T | undefined | false, seconds = PATIENCE): Promise<T> {
    const end = performance.now() + seconds * SLOW * 1000;
    for (;;) {
      const pod = await this.#server.find<Pod>(`${PODS}/${this.name}`);
      const found = pod && look(pod);
      if (found !== undefined && found !== false) return found;
      if (performance.now() > end) {
        throw new Error(`${this.name}: not ${what} after ${seconds} s: ${JSON.stringify(pod?.status)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async untilPhase(phase: Pod["status"]["phase"], seconds?: number): Promise<Pod> {
    return this.until(phase, (pod) => pod.status.phase === phase && pod, seconds);
  }

  /** Changes nothing but an annotation. */
  async touch(): Promise<void> {
    const annotations = { touched: randomUUID() };
    await this.#server.ask("PATCH", `${PODS}/${this.name}`, { metadata: { annotations } });
  }

  /** Deletes it and waits until the kubelet has ended it. */
  async remove(seconds = PATIENCE): Promise<void> {
    if ((await this.#server.find(`${PODS}/${this.name}`)) === undefined) return;
    await this.#server.ask("DELETE", `${PODS}/${this.name}`);
    const end = performance.now() + seconds * SLOW * 1000;
    while ((await this.#server.find(`${PODS}/${this.name}`)) !== undefined) {
      if (performance.now() > end) throw new Error(`${this.name} is still there after ${seconds} s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}
