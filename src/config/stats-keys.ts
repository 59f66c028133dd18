/** The keys of `[crio.stats]`. */
import { type Key, parsed, whole } from "./key.ts";
import { parsePodMetrics, podMetricGroups } from "./pod-metrics.ts";

const groups = podMetricGroups.map((name) => JSON.stringify(name)).join(", ");

/** A day, in seconds. */
const longestPeriod = 86_400;
const right = "a number of seconds, or 0";
const isPeriod = (seconds: number) => seconds >= 0 && seconds <= longestPeriod;

export const statsKeys = {
  stats_collection_period: whole(
    0,
    "Seconds between collecting the statistics of pods and containers; 0 collects them when they are asked for, unless collection_period says otherwise.",
    right,
    isPeriod,
  ),
  collection_period: whole(
    0,
    "Seconds between collecting statistics, where stats_collection_period is 0; 0 collects them when they are asked for. What ListPodSandboxMetrics answers is so old at most, or four seconds.",
    right,
    isPeriod,
  ),
  included_pod_metrics: parsed(
    [],
    `Groups of metrics in ListPodSandboxMetrics: ["all"], or some of ${groups}. Of every container there is container_last_seen.`,
    `["all"], or a list of ${groups}`,
    parsePodMetrics,
    { reload: true },
  ),
} satisfies Record<string, Key<unknown>>;
