/** Requests that are right, of a pod and a container that live: where mutations begin. */
import type { ContainerConfig, PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { BUSYBOX } from "../support/configs.ts";
import type { Random } from "../support/random.ts";
import type { FuzzBed } from "./bed.ts";

/** A request of `rpc` that the daemon would take. */
export function validRequest(rpc: string, bed: FuzzBed, random: Random): object {
  const { podSandboxId, containerId } = bed;
  const filter = { id: random.pick(["", podSandboxId]), labelSelector: { app: "fuzz" } };
  const streams = { stdin: false, stdout: true, stderr: true, tty: false };
  switch (rpc) {
    case "RunPodSandbox":
      return { config: podSandboxConfig(bed, random), runtimeHandler: "" };
    case "CreateContainer":
      return { podSandboxId, config: containerConfig(bed, random), sandboxConfig: bed.podConfig };
    case "StopPodSandbox":
    case "RemovePodSandbox":
      return { podSandboxId: random.pick(bed.spareSandboxIds) };
    case "StopContainer":
    case "RemoveContainer":
    case "StartContainer":
      return { containerId: random.pick(bed.spareContainerIds), timeout: 1 };
    case "UpdateContainerResources":
      return { containerId, linux: resources(), annotations: { a: "b" } };
    case "UpdatePodSandboxResources":
      return { podSandboxId, overhead: podResources(), resources: podResources() };
    case "ExecSync":
      return { containerId, cmd: ["true", "x"], timeout: 2 };
    case "Exec":
      return { containerId, cmd: ["true"], ...streams };
    case "Attach":
    case "ReopenContainerLog":
    case "ContainerStats":
    case "ContainerStatus":
      return { containerId, verbose: true, ...streams };
    case "PortForward":
      return { podSandboxId, port: [80, 8080] };
    case "PodSandboxStatus":
    case "PodSandboxStats":
      return { podSandboxId, verbose: true };
    case "PullImage":
      return { image: imageSpec(), auth: auth(), sandboxConfig: bed.podConfig };
    case "RemoveImage":
      return { image: { ...imageSpec(), image: "registry.k8s.io/fuzz/absent:1" } };
    case "ImageStatus":
      return { image: imageSpec(), verbose: true };
    case "ListImages":
    case "StreamImages":
      return { filter: { image: imageSpec() } };
    case "UpdateRuntimeConfig":
      return { runtimeConfig: { networkConfig: { podCidr: "" } } };
    case "Version":
      return { version: "v1" };
    case "Status":
      return { verbose: true };
    default:
      return { filter };
  }
}

const imageSpec = () => ({
  image: BUSYBOX,
  annotations: { a: "b" },
  userSpecifiedImage: "busybox",
  runtimeHandler: "",
  imageRef: "",
});
const auth = () => ({
  username: "u",
  password: "p",
  auth: "dTpw",
  serverAddress: "registry.k8s.io",
  identityToken: "",
  registryToken: "",
});

function resources() {
  return {
    cpuPeriod: 100_000,
    cpuQuota: 50_000,
    cpuShares: 512,
    memoryLimitInBytes: 256 * 2 ** 20,
    oomScoreAdj: 900,
    cpusetCpus: "0",
    cpusetMems: "0",
    hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
    unified: {},
    memorySwapLimitInBytes: 0,
  };
}

/** Without processors: the pods' cgroup may have containers that use others. */
const podResources = () => ({ ...resources(), cpusetCpus: "", cpusetMems: "" });

/** Most of what a pod can have. */
export function podSandboxConfig(bed: FuzzBed, random: Random): Init<PodSandboxConfig> {
  const name = `fuzz-${random.below(2 ** 32)}`;
  return {
    metadata: { name, uid: name, namespace: "fuzz", attempt: random.below(3) },
    hostname: "fuzz",
    logDirectory: bed.logDirectory,
    dnsConfig: { servers: ["192.0.2.1"], searches: ["a.test"], options: ["ndots:5"] },
    portMappings: [{ protocol: "TCP", containerPort: 80, hostPort: 0, hostIp: "" }],
    labels: { app: "fuzz", b: "c" },
    annotations: { "kubernetes.io/ingress-bandwidth": "10M", d: "e" },
    linux: {
      cgroupParent: bed.daemon.cgroupBelow(name),
      sysctls: { "net.ipv4.ip_unprivileged_port_start": "0", "kernel.shm_rmid_forced": "1" },
      overhead: podResources(),
      resources: podResources(),
      securityContext: {
        namespaceOptions: {
          network: "POD",
          pid: random.pick(["POD", "CONTAINER"]),
          ipc: "POD",
          targetId: "",
        },
        readonlyRootfs: true,
        supplementalGroups: [1, 2],
        seccomp: { profileType: "RuntimeDefault", localhostRef: "" },
        apparmor: { profileType: "Unconfined", localhostRef: "" },
      },
    },
  };
}

/** Most of what a container can have. */
export function containerConfig(bed: FuzzBed, random: Random): Init<ContainerConfig> {
  return {
    metadata: { name: `fuzz-${random.below(2 ** 32)}`, attempt: random.below(3) },
    image: { image: BUSYBOX },
    command: ["top"],
    args: ["-b"],
    workingDir: "/tmp",
    envs: [{ key: "A", value: Buffer.from("b") }],
    mounts: [
      {
        containerPath: "/mnt/a",
        hostPath: `${bed.volumes}/a`,
        readonly: true,
        propagation: "PROPAGATION_PRIVATE",
      },
    ],
    devices: [{ containerPath: "/dev/fuzz", hostPath: "/dev/null", permissions: "rw" }],
    labels: { app: "fuzz" },
    annotations: { d: "e" },
    logPath: "fuzz/0.log",
    stdin: random.chance(0.5),
    linux: {
      resources: resources(),
      securityContext: {
        capabilities: {
          addCapabilities: ["NET_RAW"],
          dropCapabilities: ["CHOWN"],
          addAmbientCapabilities: [],
        },
        namespaceOptions: { network: "POD", pid: "CONTAINER", ipc: "POD", targetId: "" },
        runAsUser: { value: 1000 },
        runAsGroup: { value: 1000 },
        supplementalGroups: [5],
        noNewPrivs: true,
        maskedPaths: ["/proc/kcore"],
        readonlyPaths: ["/proc/sys"],
        seccomp: { profileType: "RuntimeDefault", localhostRef: "" },
      },
    },
    stopSignal: "SIGNAL_SIGTERM",
  };
}

/** What fields of random messages may well be, by message and field. */
export function plausibleValues(
  bed: FuzzBed,
): (message: string, field: string) => readonly (string | number)[] {
  const tables: Record<string, readonly (string | number)[]> = {
    pod_sandbox_id: [bed.podSandboxId, bed.podSandboxId.slice(0, 12)],
    container_id: [bed.containerId, bed.containerId.slice(0, 12)],
    "PodSandboxMetadata.name": ["a", "fuzz"],
    "PodSandboxMetadata.namespace": ["a", "fuzz"],
    "ContainerMetadata.name": ["a", "b", "c"],
    "ImageSpec.image": [BUSYBOX, "registry.k8s.io/fuzz/absent:1"],
    log_directory: [bed.logDirectory],
    cgroup_parent: [bed.cgroupParent],
    host_path: [`${bed.volumes}/a`, "/dev/null"],
    container_path: ["/mnt/b", "/dev/b"],
    "ContainerConfig.command": ["top"],
    cmd: ["true"],
    "ExecSyncRequest.timeout": [1, 2],
    "StopContainerRequest.timeout": [0, 1],
  };
  return (message, field) => tables[`${message}.${field}`] ?? tables[field] ?? [];
}
