/** Where the kubelet puts pods and critter containers, and the limits that stand there, v1 or v2, cgroupfs or systemd. */
import { existsSync } from "node:fs";
import { cgroupFolders } from "../../support/cgroups.ts";
import { cpuLimit, memoryLimit } from "../../support/control-file.ts";
import { cgroupManager } from "../../support/daemon.ts";
import type { KubeletNode } from "./kubelet-node.ts";
import type { Pod } from "./kubernetes.ts";
import { statusOf } from "./static-pods.ts";

const unified = existsSync("/sys/fs/cgroup/cgroup.controllers");

export interface Limits {
  /** Bytes; Infinity without a limit. */
  memory: number;
  /** In processors; Infinity without a limit. */
  cpu: number;
}

/**
 * What `cpuShares` of control-file.ts may find where so many shares were asked for: runtimes convert them to v2's weight in an older
 * or in a newer way.
 */
export function weightsFor(shares: number): number[] {
  if (!unified) return [shares];
  const older = Math.floor(1 + ((shares - 2) * 9999) / 262_142);
  const log = Math.log2(shares);
  return [older, Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34))];
}

/** The cgroup of a pod's class, as its QoS has it. */
export function podCgroup(node: KubeletNode, { metadata, status }: Pod): string {
  const qos = status.qosClass === "Guaranteed" ? [] : [status.qosClass!.toLowerCase()];
  const parts = ["kubepods", ...qos, `pod${metadata.uid}`];
  if (cgroupManager !== "systemd") return [node.cgroupRoot, ...parts].join("/");
  let name = node.cgroupRoot.replace(/^\/|\.slice$/g, "");
  let path = node.cgroupRoot;
  for (const part of parts) {
    name += `-${part.replaceAll("-", "_")}`;
    path += `/${name}.slice`;
  }
  return path;
}

/** The cgroup of a container that runs. */
export function containerCgroup(node: KubeletNode, pod: Pod, container: string): string {
  const id = statusOf(pod, container)?.containerID?.split("//")[1];
  const name = cgroupManager === "systemd" ? `critter-${id}.scope` : id;
  return `${podCgroup(node, pod)}/${name}`;
}

export function exists(cgroup: string): boolean {
  return cgroupFolders(cgroup).length > 0;
}

/** Throws where the cgroup is not there. */
export function limitsOf(cgroup: string): Limits {
  const memory = Number(memoryLimit(cgroup));
  const [quota, period] = cpuLimit(cgroup).split(" ").map(Number) as [number, number];
  return {
    // v2 says "max"; v1 the greatest number of pages, and a quota of -1.
    memory: memory < 2 ** 60 ? memory : Infinity,
    cpu: quota > 0 ? quota / period : Infinity,
  };
}
