/** containerd's metrics and traces in critter's keys. */
import type { Leaf, Leaves } from "./leaves.ts";
import { isEmpty, type Translation, textOf } from "./translation.ts";

/** `metrics.address`, a HOST:PORT. */
export function translateMetrics(leaves: Leaves, translation: Translation): void {
  const leaf = leaves.get("metrics", "address");
  if (!leaf || isEmpty(leaf.value)) return;
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(textOf(leaf.value));
  if (!match) {
    translation.remark("none", leaf, "metrics_host and metrics_port need an address HOST:PORT");
    return;
  }
  translation.take("crio.metrics.enable_metrics", true, leaf);
  translation.take("crio.metrics.metrics_host", match[1] ?? match[2] ?? "", leaf);
  translation.take("crio.metrics.metrics_port", Number(match[3]), leaf);
  translation.remark(
    "changed",
    leaf,
    "metrics are served at /metrics, not /v1/metrics, and have CRI-O's names: docs/metrics.md",
  );
}

/** The processor "otlp", which sends by HTTP unless it says "grpc"; critter sends by gRPC. */
export function translateTracing(leaves: Leaves, translation: Translation): void {
  const of = (name: string) => leaves.get("plugins", "io.containerd.tracing.processor.v1.otlp", name);
  const endpoint = of("endpoint");
  if (!endpoint || isEmpty(endpoint.value)) return;
  const address = /^(?:https?:\/\/)?([^/]+)\/?$/.exec(textOf(endpoint.value))?.[1];
  if (of("protocol")?.value !== "grpc" || address === undefined) {
    translation.remark(
      "none",
      endpoint,
      "critter sends traces by gRPC alone: set tracing_endpoint to where the collector takes it, usually port 4317",
    );
    return;
  }
  translation.take("crio.tracing.enable_tracing", true, endpoint);
  translation.take("crio.tracing.tracing_endpoint", address, endpoint);
  if (textOf(endpoint.value).startsWith("https:"))
    translation.remark("changed", endpoint, "critter sends in plaintext");
  translateSampling(leaves, translation);
}

function translateSampling(leaves: Leaves, translation: Translation): void {
  const of = (name: string) => leaves.get("plugins", "io.containerd.internal.v1.tracing", name);
  const ratio = of("sampling_ratio");
  if (ratio) translation.take("crio.tracing.tracing_sampling_rate_per_million", millionths(ratio), ratio);
  const name = of("service_name");
  if (name && !isEmpty(name.value)) translation.remark("none", name, "traces are of the service critter");
}

function millionths({ value }: Leaf): number {
  return Math.round(Number(textOf(value)) * 1_000_000);
}
