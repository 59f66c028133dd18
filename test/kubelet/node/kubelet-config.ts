/** The configuration of a kubelet under test (kubelet.config.k8s.io/v1beta1): nothing of the machine is its own. */
import { join } from "node:path";

/** Fields of KubeletConfiguration, spelt as in its file. */
export type KubeletConfiguration = Record<string, unknown> & { featureGates?: Record<string, boolean> };

export interface ConfigurationPaths {
  /** Everything of the kubelet lies below it. */
  folder: string;
  /** Socket of the runtime. */
  socket: string;
  /** As kubelets write it, in either driver's case: without `.slice`. */
  cgroupRoot: string;
  port: number;
}

/** Where the kubelet looks for static pods. */
export function staticPodFolder(folder: string): string {
  return join(folder, "manifests");
}

/** A standalone kubelet's; `changes` replace whole fields, but for feature gates, which are added. */
export function kubeletConfiguration(
  { folder, socket, cgroupRoot, port }: ConfigurationPaths,
  changes: KubeletConfiguration = {},
): KubeletConfiguration {
  const { featureGates, ...fields } = changes;
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${socket}`,
    staticPodPath: staticPodFolder(folder),
    podLogsDir: join(folder, "pod-logs"),
    volumePluginDir: join(folder, "volume-plugins"),
    ...OWN_API,
    port,
    cgroupRoot,
    ...NOTHING_OF_THE_MACHINE,
    ...FOR_PODS,
    ...NO_EVICTION,
    ...QUICK,
    featureGates: { ...FEATURE_GATES, ...featureGates },
    ...fields,
  };
}

/** Anybody on loopback may use it. */
const OWN_API = {
  address: "127.0.0.1",
  readOnlyPort: 0,
  healthzPort: 0,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: "AlwaysAllow" },
};

const NOTHING_OF_THE_MACHINE = {
  failCgroupV1: false,
  failSwapOn: false,
  enforceNodeAllocatable: [],
  // It is shown the values that it wants: see kubelet-namespace.ts.
  protectKernelDefaults: true,
  makeIPTablesUtilChains: false,
  maxOpenFiles: 20_000,
  oomScoreAdj: 0,
  enableControllerAttachDetach: false,
  maxPods: 250,
};

/** What pods are told, and may ask for. */
const FOR_PODS = {
  clusterDNS: ["192.0.2.53"],
  clusterDomain: "cluster.local",
  allowedUnsafeSysctls: ["kernel.msg*", "net.core.somaxconn"],
};

/** The machine's disk may be as full as it likes. */
const NO_EVICTION = {
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  evictionHard: { "memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%" },
};

/** As short as the kubelet lets them be, so that tests need not wait. */
const QUICK = {
  syncFrequency: "2s",
  fileCheckFrequency: "5s",
  volumeStatsAggPeriod: "2s",
  containerLogMonitorInterval: "3s",
  containerLogMaxSize: "128Ki",
  containerLogMaxFiles: 4,
  // Shorter ones are over before a busy kubelet has seen the end.
  crashLoopBackOff: { maxContainerRestartPeriod: "3s" },
  registryPullQPS: 0,
  maxParallelImagePulls: 8,
  serializeImagePulls: false,
};

/** Features that are off by default in 1.36 and stand beside the others. */
const FEATURE_GATES = { ContainerStopSignals: true, PodAndContainerStatsFromCRI: true };
