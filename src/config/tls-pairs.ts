/** What `[crio.api]` and `[crio.metrics]` say of TLS must go together: no certificate without its key. */
import type { Config } from "./schema.ts";
import { type Settings, wrongValue } from "./settings.ts";

/** @throws ConfigError where a certificate or a key is missing beside what asks for it. */
export function checkTlsPairs(settings: Settings, { api, metrics }: Pick<Config, "api" | "metrics">): void {
  if (api.streamEnableTls) {
    requirePair(settings, "crio.api.stream_enable_tls", "stream_enable_tls is true", {
      "crio.api.stream_tls_cert": api.streamTlsCert,
      "crio.api.stream_tls_key": api.streamTlsKey,
    });
  }
  if (metrics.metricsCert === "" && metrics.metricsKey === "") return;
  const given = metrics.metricsCert === "" ? "metrics_key" : "metrics_cert";
  requirePair(settings, `crio.metrics.${given}`, `${given} is set`, {
    "crio.metrics.metrics_cert": metrics.metricsCert,
    "crio.metrics.metrics_key": metrics.metricsKey,
  });
}

/** `asking` is the key that asks for the files, whose place a key that is nowhere has. */
function requirePair(
  settings: Settings,
  asking: string,
  reason: string,
  files: Readonly<Record<string, string>>,
): void {
  for (const [key, file] of Object.entries(files)) {
    if (file !== "") continue;
    const place = settings.byName.get(key)?.place ?? settings.byName.get(asking)?.place ?? "default";
    throw wrongValue(place, key, file, `the path of a PEM file, for ${reason}`);
  }
}
