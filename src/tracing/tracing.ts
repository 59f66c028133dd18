/** Traces of RPCs for OpenTelemetry: loaded only where crio.conf enables it. */
import { hostname } from "node:os";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Config } from "../config/load.ts";
import { log } from "../log.ts";
import { observe } from "../observation.ts";
import { version } from "../version.ts";
import { OtlpSender } from "./otlp-sender.ts";
import { SpanObserver } from "./span-observer.ts";
import { SpanQueue } from "./span-queue.ts";

const SERVICE = "critter";

export interface Tracing {
  /** Sends what is left, for two seconds at most, and ends. */
  close(): Promise<void>;
}

/**
 * Observes RPCs and steps from now on. What a client samples is exported whatever the rate; what it does not sample is
 * not; the rate is for what comes without a client's trace (parent-based, as in CRI-O).
 */
export function startTracing({
  tracingEndpoint,
  tracingSamplingRatePerMillion: rate,
}: Config["tracing"]): Tracing {
  const root = rate > 0 ? new TraceIdRatioBasedSampler(rate / 1_000_000) : new AlwaysOffSampler();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      "service.name": SERVICE,
      "service.version": version,
      "host.name": hostname(),
      "process.pid": process.pid,
    }),
    sampler: new ParentBasedSampler({ root }),
    spanProcessors: [new SpanQueue(new OtlpSender(tracingEndpoint))],
  });
  const stop = observe(new SpanObserver(provider.getTracer(SERVICE, version)));
  log.info("tracing", { endpoint: tracingEndpoint, sampling_rate_per_million: rate });
  return {
    close: async () => {
      stop();
      await provider.shutdown();
    },
  };
}
