/** What `[crio.metrics]` says of TLS must go together. */
import type { Config } from "./schema.ts";
import { type Settings, wrongValue } from "./settings.ts";

/** @throws ConfigError where one of certificate and key is set without the other. */
export function checkMetricsTls(
  settings: Settings,
  { metricsCert, metricsKey }: Pick<Config["metrics"], "metricsCert" | "metricsKey">,
): void {
  if ((metricsCert === "") === (metricsKey === "")) return;
  const [given, missing] =
    metricsKey === "" ? ["metrics_cert", "metrics_key"] : ["metrics_key", "metrics_cert"];
  const place = settings.byName.get(`crio.metrics.${given}`)?.place ?? "default";
  throw wrongValue(place, `crio.metrics.${missing}`, "", `the path of a PEM file, for ${given} is set`);
}
