/** The daemon's own metrics: what observes it, and the server that tells Prometheus of it. */
import type { Config } from "../config/load.ts";
import { log } from "../log.ts";
import { type Observer, observe } from "../observation.ts";
import { type ContainerSources, countContainers } from "./containers.ts";
import { watchEventLoop } from "./event-loop.ts";
import { Families } from "./families.ts";
import { observeImagePulls } from "./image-pulls.ts";
import { observeIncidents } from "./incidents.ts";
import { observeOperations } from "./operations.ts";
import { observePrograms } from "./programs.ts";
import { observeRecovery } from "./recovery.ts";
import { MetricsServer } from "./server.ts";
import { countStreams, type StreamSource } from "./streams.ts";
import { gaugeZombies } from "./zombies.ts";

export interface MetricSources extends ContainerSources {
  streams: StreamSource;
}

/** Metrics that count from now on. */
export interface Metrics {
  families: Families;
  /** Ends the counting. */
  stop(): void;
}

/** Makes the metrics that `wanted` names, and has them count. */
export function collectMetrics(wanted: Iterable<string>, sources: MetricSources): Metrics {
  const families = new Families(wanted);
  const observers: Observer[] = [
    observeOperations(families),
    observeImagePulls(families),
    observePrograms(families),
    observeRecovery(families),
    observeIncidents(families),
  ];
  countContainers(families, sources);
  countStreams(families, sources.streams);
  gaugeZombies(families);
  const ends = [watchEventLoop(families), ...observers.map(observe)];
  families.addProcess();
  return {
    families,
    stop: () => {
      for (const end of ends) end();
    },
  };
}

/**
 * Counts and serves as `[crio.metrics]` says, until the returned function is called.
 * @throws ConfigError as MetricsServer.listen does.
 */
export async function serveMetrics(
  { metrics, api }: Pick<Config, "metrics" | "api">,
  sources: MetricSources,
): Promise<() => void> {
  const { families, stop } = collectMetrics(metrics.metricsCollectors, sources);
  const { registry } = families;
  const server = new MetricsServer({
    metrics,
    api,
    contentType: registry.contentType,
    render: () => registry.metrics(),
  });
  try {
    const url = await server.listen();
    log.info("serving metrics", { url, socket: metrics.metricsSocket || undefined });
  } catch (error) {
    stop();
    throw error;
  }
  return () => {
    server.close();
    stop();
  };
}
