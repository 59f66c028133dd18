/** What a kubelet asks of a runtime for pods of four kinds: the requests whose config.json is compared. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type {
  ContainerConfig,
  LinuxContainerSecurityContext,
  Mount,
  NamespaceOption,
  PodSandboxConfig,
  UserNamespace,
} from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { BUSYBOX } from "../support/configs.ts";

export const KINDS = ["plain", "privileged", "host-network", "user-namespace"] as const;

export type Kind = (typeof KINDS)[number];

/** A privileged container is not held by what the others are. */
export const UNPRIVILEGED: readonly Kind[] = KINDS.filter((kind) => kind !== "privileged");

export interface Request {
  pod: Init<PodSandboxConfig>;
  container: Init<ContainerConfig>;
}

/** The mappings of the pod with a user namespace. */
export const mappings: { uids: Init<UserNamespace["uids"]>; gids: Init<UserNamespace["gids"]> } = {
  uids: [{ containerId: 0, hostId: 262_144, length: 65_536 }],
  gids: [{ containerId: 0, hostId: 393_216, length: 65_536 }],
};

/** Where the container's mounts are. */
export const MOUNTED = [
  "/data",
  "/var/run/secrets/kubernetes.io/serviceaccount",
  "/etc/hosts",
  "/dev/termination-log",
] as const;

const uid = "5c7e0d6e-3a57-4b0f-9a1c-2f1f5f1f9b52";

/**
 * The request for one pod and its container. `folder` is what the kubelet would have under /var/lib/kubelet and
 * /var/log/pods: the files of its mounts are made there.
 */
export function requestOf(kind: Kind, folder: string, cgroupParent: string): Request {
  const namespaceOptions = namespacesOf(kind);
  const privileged = kind === "privileged";
  const seccomp = { profileType: "RuntimeDefault" as const };
  const pod: Init<PodSandboxConfig> = {
    metadata: { name: kind, uid, namespace: "default", attempt: 0 },
    // The kubelet leaves the hostname of a pod on the host's network to the runtime.
    ...(kind !== "host-network" && { hostname: kind }),
    logDirectory: join(folder, "log"),
    dnsConfig: { servers: ["10.96.0.10"], searches: ["default.svc.cluster.local"], options: ["ndots:5"] },
    portMappings: [{ containerPort: 8080 }],
    labels: podLabels(kind),
    annotations: { "kubernetes.io/config.source": "api", "example.com/team": "payments" },
    linux: {
      cgroupParent,
      securityContext: { namespaceOptions, privileged, seccomp, supplementalGroups: [2000] },
      sysctls: {},
      overhead: {},
      resources: { cpuPeriod: 100_000, cpuQuota: 50_000, cpuShares: 256, memoryLimitInBytes: 134_217_728 },
    },
  };
  const container: Init<ContainerConfig> = {
    metadata: { name: "app", attempt: 0 },
    image: { image: BUSYBOX, userSpecifiedImage: BUSYBOX },
    command: ["sh", "-c"],
    args: ["sleep 3600"],
    workingDir: "/srv",
    envs: Object.entries(environment).map(([key, value]) => ({ key, value: Buffer.from(value) })),
    mounts: volumes(folder).map((mount) => ({
      ...mount,
      ...(kind === "user-namespace" && { uidMappings: mappings.uids, gidMappings: mappings.gids }),
    })),
    labels: { ...podLabels(kind), "io.kubernetes.container.name": "app" },
    annotations: {
      "io.kubernetes.container.hash": "6b1a2f0c",
      "io.kubernetes.container.restartCount": "0",
      "io.kubernetes.container.terminationMessagePath": "/dev/termination-log",
      "io.kubernetes.container.terminationMessagePolicy": "File",
      "io.kubernetes.pod.terminationGracePeriod": "30",
    },
    logPath: "app/0.log",
    linux: {
      resources: {
        cpuPeriod: 100_000,
        cpuQuota: 50_000,
        cpuShares: 256,
        memoryLimitInBytes: 134_217_728,
        oomScoreAdj: 984,
        hugepageLimits: [
          { pageSize: "1GB", limit: 0 },
          { pageSize: "2MB", limit: 0 },
        ],
      },
      securityContext: {
        namespaceOptions,
        privileged,
        seccomp,
        supplementalGroups: [2000],
        ...protectedPaths,
        ...(!privileged && restrictions),
      },
    },
  };
  return { pod, container };
}

function namespacesOf(kind: Kind): Init<NamespaceOption> {
  const usernsOptions: Init<UserNamespace> = { mode: "POD", ...mappings };
  return {
    network: kind === "host-network" ? "NODE" : "POD",
    // Containers of a pod see each other's processes only on request (shareProcessNamespace).
    pid: "CONTAINER",
    ipc: "POD",
    ...(kind === "user-namespace" && { usernsOptions }),
  };
}

function podLabels(kind: Kind): Record<string, string> {
  return {
    app: kind,
    "io.kubernetes.pod.name": kind,
    "io.kubernetes.pod.namespace": "default",
    "io.kubernetes.pod.uid": uid,
  };
}

/** The kubelet sends these for every container whose procMount is not Unmasked, a privileged one too. */
const protectedPaths = {
  maskedPaths: [
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
  ],
  readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
};

const restrictions: Init<LinuxContainerSecurityContext> = {
  noNewPrivs: true,
  capabilities: { addCapabilities: ["NET_ADMIN"], dropCapabilities: ["MKNOD"] },
};

const environment = {
  LOG_LEVEL: "info",
  KUBERNETES_SERVICE_HOST: "10.96.0.1",
  KUBERNETES_SERVICE_PORT: "443",
};

/** A volume, the service account's token, and the two files that the kubelet keeps for every container. */
function volumes(folder: string): Init<Mount>[] {
  const [data, token, hosts, terminationLog] = MOUNTED;
  const path = (name: string) => join(folder, name);
  for (const name of ["empty-dir", "token"]) mkdirSync(path(name), { recursive: true });
  for (const name of ["etc-hosts", "termination-log"]) writeFileSync(path(name), "");
  return [
    { hostPath: path("empty-dir"), containerPath: data },
    { hostPath: path("token"), containerPath: token, readonly: true },
    { hostPath: path("etc-hosts"), containerPath: hosts },
    { hostPath: path("termination-log"), containerPath: terminationLog },
  ];
}
