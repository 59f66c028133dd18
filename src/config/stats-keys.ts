/** The keys of `[crio.stats]`. */
import { type Key, parsed } from "./key.ts";
import { parsePodMetrics, podMetricGroups } from "./pod-metrics.ts";

const groups = podMetricGroups.map((name) => JSON.stringify(name)).join(", ");

export const statsKeys = {
  included_pod_metrics: parsed(
    [],
    `Groups of metrics in ListPodSandboxMetrics: ["all"], or some of ${groups}. Of every container there is container_last_seen.`,
    `["all"], or a list of ${groups}`,
    parsePodMetrics,
    { reload: true },
  ),
} satisfies Record<string, Key<unknown>>;
