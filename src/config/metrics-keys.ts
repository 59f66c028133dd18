/** The keys of `[crio.metrics]`, and the collectors that may be chosen there. */
import { isIP } from "node:net";
import { flag, list, parsed, path, whole } from "./key.ts";

/** What CRI-O has too; names without their prefix, `container_runtime_crio_`. */
const crioCollectors = [
  "operations_total",
  "operations_latency_seconds",
  "operations_latency_seconds_total",
  "operations_errors_total",
  "image_pulls_bytes_total",
  "image_pulls_skipped_bytes_total",
  "image_pulls_success_total",
  "image_pulls_failure_total",
  "image_pulls_layer_size",
  "image_layer_reuse_total",
  "containers_oom_total",
  "containers_oom_count_total",
  "containers_stopped_monitor_count",
  "containers_events_dropped_total",
  "resources_stalled_at_stage",
  "processes_defunct",
  "default_runtime",
] as const;

/** What critter alone has; prefix `container_runtime_critter_`. */
const ownCollectors = [
  "operations_failed_total",
  "operations_running",
  "lock_wait_duration_seconds",
  "image_pull_duration_seconds",
  "layer_unpack_duration_seconds",
  "cni_plugin_duration_seconds",
  "cni_plugin_errors_total",
  "runtime_call_duration_seconds",
  "runtime_call_errors_total",
  "event_loop_lag_seconds",
  "event_loop_active_seconds_total",
  "streams_open",
  "streams_total",
  "pods",
  "containers",
  "recovered",
  "recovery_duration_seconds",
] as const;

export type Collector = (typeof crioCollectors)[number] | (typeof ownCollectors)[number];

/** Every collector: each is one metric. */
export const collectors: readonly Collector[] = [...crioCollectors, ...ownCollectors];

/** What CRI-O has, or had, and nothing here corresponds to: a file that asks for it is no error, and gets nothing. */
const withoutMeaning = [
  "containers_oom",
  "containers_seccomp_notifier_count_total",
  "image_layer_dedup_bytes_saved",
  "image_layer_dedup_duration_seconds",
  "image_layer_reuse",
  "image_pulls_by_digest",
  "image_pulls_by_name",
  "image_pulls_by_name_skipped",
  "image_pulls_failures",
  "image_pulls_successes",
  "operations",
  "operations_errors",
  "operations_latency_microseconds",
  "operations_latency_microseconds_total",
];

/** The name a metric goes by, such as `container_runtime_crio_operations_total`. */
export function metricName(collector: Collector): string {
  const isOwn = ownCollectors.some((own) => own === collector);
  return `container_runtime_${isOwn ? "critter" : "crio"}_${collector}`;
}

export const metricsKeys = {
  enable_metrics: flag(false, "Serves the daemon's own metrics to Prometheus, at /metrics."),
  metrics_collectors: list(
    [...collectors],
    "The metrics that are served, besides those of the process; names with or without container_runtime_ and crio_ or critter_.",
    `a list of ${collectors.join(", ")}`,
    collectorOf,
  ),
  metrics_host: parsed(
    "127.0.0.1",
    "IP address, or name, on which the metrics are served; when empty, every address of the machine.",
    "an IP address or a host's name",
    host,
  ),
  metrics_port: whole(
    9090,
    "Port on which the metrics are served; 0 takes a free one.",
    "a port from 0 to 65535",
    (port) => port >= 0 && port <= 65535,
  ),
  metrics_socket: path("", "Unix socket, mode 0660, at which the metrics are served too; when empty, none."),
  metrics_cert: path(
    "",
    "Certificate of the metrics server, in PEM; when empty, it does without TLS. One that signs itself is made where there is neither certificate nor key. Changes in it need no restart.",
  ),
  metrics_key: path("", "Key of that certificate, in PEM. Changes in it need no restart."),
};

/** A collector by a name with or without prefixes; empty for one that means nothing here. */
function collectorOf(name: string): Collector | "" | undefined {
  const bare = name.replace(/^container_runtime_/, "").replace(/^(crio|critter)_/, "");
  if (withoutMeaning.includes(bare)) return "";
  return collectors.find((collector) => collector === bare);
}

function host(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const fits = value === "" || isIP(value) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(value);
  return fits ? value : undefined;
}
