/** A namespace of the cluster, for the objects of one feature. */

import type { PodSpec } from "../../kubelet/node/kubernetes.ts";
import { FOREVER } from "../../kubelet/node/manifest.ts";
import { BUSYBOX } from "../../support/configs.ts";
import type { Kubectl, KubernetesObject } from "./kubectl.ts";

export class Namespace {
  readonly name: string;
  readonly kubectl: Kubectl;

  private constructor(name: string, kubectl: Kubectl) {
    this.name = name;
    this.kubectl = kubectl;
  }

  static async create(kubectl: Kubectl, name: string): Promise<Namespace> {
    await kubectl.run(["create", "namespace", name]);
    const namespace = new Namespace(name, kubectl.in(name));
    // Pods are refused before it is there.
    await namespace.kubectl.wait("create", "serviceaccount/default");
    return namespace;
  }

  /** Makes a pod and waits until it is ready. */
  async runPod(name: string, spec: PodSpec, metadata: object = {}): Promise<void> {
    await this.kubectl.apply(podObject(name, spec, metadata));
    await this.kubectl.wait("condition=Ready", `pod/${name}`);
  }

  /** What a script prints in a pod's first container; it must end with 0. */
  async sh(pod: string, script: string): Promise<string> {
    return this.kubectl.run(["exec", pod, "--", "sh", "-c", script]);
  }

  /** The pods that a selector chooses, those that are going left out. */
  async pods(selector: string): Promise<KubernetesObject[]> {
    const { items } = await this.kubectl.get<{ items: KubernetesObject[] }>("pods", `--selector=${selector}`);
    return items.filter(({ metadata }) => !("deletionTimestamp" in metadata));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kubectl.run(["delete", "namespace", this.name, "--timeout=120s"], { seconds: 130 });
  }
}

/** Containers are of busybox unless they name an image, and run on unless they have a command; they are given two seconds to end. */
export function podTemplate({ containers, ...spec }: PodSpec): PodSpec {
  return {
    terminationGracePeriodSeconds: 2,
    ...spec,
    containers: containers.map((container) => ({
      image: BUSYBOX,
      imagePullPolicy: "IfNotPresent",
      ...(container.image === undefined && { command: FOREVER }),
      ...container,
    })),
  };
}

export function podObject(name: string, spec: PodSpec, metadata: object = {}): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, ...metadata }, spec: podTemplate(spec) };
}
