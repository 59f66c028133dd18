/** prom-client, as far as it is used: its index would load OpenTelemetry, node:cluster and a push client too, 16 MB and 65 ms. */
import { createRequire } from "node:module";
import type * as client from "prom-client";

export type { Counter, Gauge, Histogram, Registry } from "prom-client";

/** The parts of prom-client that metrics are made of. */
export interface Prometheus {
  Registry: typeof client.Registry;
  Counter: typeof client.Counter;
  Gauge: typeof client.Gauge;
  Histogram: typeof client.Histogram;
  /** The default metrics of the process that cost little to read; each adds its own to a registry. */
  processMetrics: ((registry: client.Registry) => void)[];
}

const require = createRequire(import.meta.url);

export function loadPrometheus(): Prometheus {
  const part = (name: string) => require(`prom-client/lib/${name}.js`);
  return {
    Registry: part("registry"),
    Counter: part("counter"),
    Gauge: part("gauge"),
    Histogram: part("histogram"),
    processMetrics: [
      part("metrics/processStartTime"),
      part("metrics/osMemoryHeapLinux"),
      part("metrics/processOpenFileDescriptors"),
      part("metrics/processMaxFileDescriptors"),
      part("metrics/heapSizeAndUsed"),
      part("metrics/version"),
    ],
  };
}
