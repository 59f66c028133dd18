/** What a pod brings to its network: CNI_ARGS, and the values behind the plugins' capabilities (CNI's CONVENTIONS.md). */

import type { DNSConfig, PortMapping } from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";

/** A pod on its way into the network or out of it. */
export interface PodAttachment {
  /** The sandbox's id, CNI's container id. */
  id: string;
  name: string;
  namespace: string;
  uid: string;
  /** Path of the network namespace. */
  netns: string;
  /** Those with host port 0 are left out. */
  portMappings: PortMapping[];
  dns?: DNSConfig | null;
  /** `kubernetes.io/ingress-bandwidth` and `…/egress-bandwidth` limit the pod (quantities in bit/s, as `10M`). */
  annotations: Record<string, string>;
  cgroupParent?: string;
  /** One CIDR a family, between commas; UpdateRuntimeConfig's. */
  podCidr?: string;
}

/** Values by capability; a plugin gets those that it declares, as `runtimeConfig`. */
export type Capabilities = Record<string, unknown>;

// Kubernetes' bounds: 1k to 1P bit/s. The burst is the most that every version of the plugin takes.
const MIN_RATE = 1e3;
const MAX_RATE = 1e15;
const BURST_BITS = 2 ** 31 - 1;

const multipliers: Record<string, number> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** The values this pod has. Throws INVALID_ARGUMENT for an annotation that is no rate. */
export function capabilitiesOf(pod: PodAttachment): Capabilities {
  const values: Capabilities = {
    portMappings: portMappings(pod.portMappings),
    bandwidth: bandwidth(pod.annotations),
    dns: dns(pod.dns),
    ipRanges: pod.podCidr?.split(",").map((subnet) => [{ subnet: subnet.trim() }]),
    cgroupPath: pod.cgroupParent || undefined,
    "io.kubernetes.cri.pod-annotations":
      Object.keys(pod.annotations).length > 0 ? pod.annotations : undefined,
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** CNI_ARGS as Kubernetes' plugins read them. Throws INVALID_ARGUMENT where a value would become a pair of its own. */
export function cniArgs(pod: PodAttachment): string {
  const pairs = {
    IgnoreUnknown: "1",
    K8S_POD_NAMESPACE: pod.namespace,
    K8S_POD_NAME: pod.name,
    K8S_POD_INFRA_CONTAINER_ID: pod.id,
    K8S_POD_UID: pod.uid,
  };
  for (const [key, value] of Object.entries(pairs)) {
    if (/[;=]/.test(value)) throw invalidArgument(key, value, 'CNI_ARGS take no ";" and no "="');
  }
  return Object.entries(pairs)
    .map(([key, value]) => `${key}=${value}`)
    .join(";");
}

function portMappings(mappings: PortMapping[]): object[] | undefined {
  const wanted = mappings.filter((mapping) => mapping.hostPort > 0);
  if (wanted.length === 0) return undefined;
  return wanted.map(({ protocol, containerPort, hostPort, hostIp }) => ({
    hostPort,
    containerPort,
    protocol: protocol.toLowerCase(),
    ...(hostIp && { hostIP: hostIp }),
  }));
}

function bandwidth(annotations: Record<string, string>): object | undefined {
  const ingress = rate(annotations, "kubernetes.io/ingress-bandwidth");
  const egress = rate(annotations, "kubernetes.io/egress-bandwidth");
  if (ingress === undefined && egress === undefined) return undefined;
  return {
    ...(ingress !== undefined && { ingressRate: ingress, ingressBurst: BURST_BITS }),
    ...(egress !== undefined && { egressRate: egress, egressBurst: BURST_BITS }),
  };
}

function rate(annotations: Record<string, string>, key: string): number | undefined {
  const text = annotations[key];
  if (text === undefined) return undefined;
  const [, number, exponent, unit = ""] =
    /^\+?(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d+)|([kMGTP]|[KMGTP]i))?$/.exec(text) ?? [];
  const bits = Math.round(Number(`${number}${exponent ?? ""}`) * (multipliers[unit] ?? Number.NaN));
  if (bits >= MIN_RATE && bits <= MAX_RATE) return bits;
  throw invalidArgument(
    `annotations[${JSON.stringify(key)}]`,
    text,
    "it must be a quantity of bit/s, 1k to 1P",
  );
}

function dns(config: DNSConfig | null | undefined): object | undefined {
  if (!config) return undefined;
  const { servers, searches, options } = config;
  return servers.length + searches.length + options.length > 0 ? { servers, searches, options } : undefined;
}
