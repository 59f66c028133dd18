/** The reference of the metrics, docs/metrics.md: written from the registry itself, so that it cannot be wrong. */
import type { MetricObject } from "prom-client";
import type { Registry } from "./prometheus.ts";

const introduction = `# The daemon's own metrics

critter tells Prometheus of itself where crio.conf says so:

    [crio.metrics]
    enable_metrics = true

They are served at \`http://127.0.0.1:9090/metrics\`; \`metrics_host\` and \`metrics_port\` choose another address, and
\`metrics_socket\` adds a Unix socket. With \`metrics_cert\` and \`metrics_key\` both speak TLS, as old as \`tls_min_version\` and
\`tls_cipher_suites\` of \`[crio.api]\` allow. New files take the place of the old ones without a restart; where there is
neither, a certificate is made that signs itself. \`metrics_collectors\` chooses among the metrics below; names need no prefix
there. What is not enabled costs nothing: prom-client is loaded only where metrics are served.

Metrics named \`container_runtime_crio_…\` are CRI-O's and mean the same, so its dashboards and alerts work; those named
\`container_runtime_critter_…\` are critter's alone. Of CRI-O's, these are missing: \`containers_seccomp_notifier_count_total\`
and \`image_layer_dedup_…\`, for there is no such thing here, and the names that CRI-O itself has given up. A file that lists them
is no error. A Grafana dashboard is in [grafana-dashboard.json](grafana-dashboard.json).

- \`operation\` is the name of an RPC of the CRI. \`operations_latency_seconds\` has \`network_setup_pod\` and
  \`network_setup_overall\` too: how long CNI took for a pod.
- \`size\` is CRI-O's class of a number of bytes, from \`>0 B\` and \`>1 KiB\` to \`>10 GiB\`; its units are of 1,000.
- \`error\` is the distribution specification's code where a registry gave one (\`MANIFEST_UNKNOWN\`, \`UNAUTHORIZED\`, …), or
  \`CONNECTION_REFUSED\`, \`CONNECTION_TIMEOUT\`, \`NOT_FOUND\`, \`UNKNOWN\`.
- A summary has the quantiles 0.5, 0.9 and 0.99 beside \`_sum\` and \`_count\`; a histogram has \`_bucket\`, \`_sum\` and \`_count\`.

`;

/** The whole page, of a registry with every metric. */
export function renderReference(registry: Registry): string {
  // Their declared type has no labels and no type in words.
  const metrics = registry.getMetricsAsArray() as unknown as Described[];
  const rows = metrics.map(({ name, type, labelNames, help }) => {
    const labels = labelNames.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
  });
  return `${introduction}| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

type Described = Pick<MetricObject, "name" | "help"> & { type: string; labelNames: readonly string[] };
