/** How long the one thread that answers RPCs is busy, and how late it is. */
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { Families } from "./families.ts";

/** How often the thread's lateness is looked at; each look takes 60 µs. What takes longer is never missed. */
const RESOLUTION_MS = 50;
/** How long a figure counts: who asks sooner than that after another is told the same time again. */
const PERIOD_MS = 60_000;

const statistics: Record<string, (lags: ReturnType<typeof monitorEventLoopDelay>) => number> = {
  mean: (lags) => lags.mean,
  p50: (lags) => lags.percentile(50),
  p99: (lags) => lags.percentile(99),
  max: (lags) => lags.max,
};

/** Begins to watch the event loop, and returns what ends it. */
export function watchEventLoop(families: Families): () => void {
  const lags = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  lags.enable();
  let since = performance.now();
  families.gauge("event_loop_lag_seconds", {
    help: "How late the event loop was in the last minute or since the last scrape, in seconds: mean, p50, p99, max.",
    labels: ["statistic"],
    collect: (metric) => {
      for (const [statistic, read] of Object.entries(statistics)) {
        metric.set({ statistic }, lags.count === 0 ? 0 : lateness(read(lags)));
      }
      if (performance.now() - since < PERIOD_MS) return;
      lags.reset();
      since = performance.now();
    },
  });
  let told = 0;
  families.counter("event_loop_active_seconds_total", {
    help: "How long the event loop was not idle, in seconds.",
    collect: (metric) => {
      const active = performance.eventLoopUtilization().active / 1000;
      metric.inc(Math.max(0, active - told));
      told = active;
    },
  });
  return () => lags.disable();
}

/** Node tells of the time between two looks, in nanoseconds. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
}
