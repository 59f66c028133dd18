/** The metrics of one registry, made by their collectors' names; what `metrics_collectors` leaves out counts unseen. */
import { type Collector, metricName } from "../config/metrics-keys.ts";
import { LatencySummary } from "./latency-summary.ts";
import { addProcessMetrics } from "./process-metrics.ts";
import { type Counter, type Gauge, type Histogram, loadPrometheus, type Registry } from "./prometheus.ts";

/** What any metric is made with. */
export interface Family<Label extends string> {
  /** One sentence: what is told, and in which unit. */
  help: string;
  labels?: readonly Label[];
}

interface Collected<Label extends string, Metric> extends Family<Label> {
  /** Brings the metric up to date; called at each scrape. */
  collect?: (metric: Metric) => void | Promise<void>;
}

export class Families {
  readonly registry: Registry;
  readonly #prometheus = loadPrometheus();
  readonly #wanted: ReadonlySet<string>;

  constructor(wanted: Iterable<string>) {
    this.#wanted = new Set(wanted);
    this.registry = new this.#prometheus.Registry();
  }

  /** Adds the metrics of the process, which have no collector: they are always served. */
  addProcess(): void {
    addProcessMetrics(this.registry, this.#prometheus);
  }

  counter<Label extends string = never>(collector: Collector, family: Collected<Label, Counter<Label>>) {
    return new this.#prometheus.Counter<Label>({
      ...this.#common(collector, family),
      ...collecting<Counter<Label>>(family.collect),
    });
  }

  gauge<Label extends string = never>(collector: Collector, family: Collected<Label, Gauge<Label>>) {
    return new this.#prometheus.Gauge<Label>({
      ...this.#common(collector, family),
      ...collecting<Gauge<Label>>(family.collect),
    });
  }

  /** `buckets` are upper bounds, ascending. */
  histogram<Label extends string = never>(
    collector: Collector,
    family: Family<Label> & { buckets: number[] },
  ): Histogram<Label> {
    const { buckets } = family;
    return new this.#prometheus.Histogram({ ...this.#common(collector, family), buckets });
  }

  /** Durations in seconds by one label. */
  summary(collector: Collector, { help, label }: { help: string; label: string }): LatencySummary {
    const summary = new LatencySummary(metricName(collector), help, label);
    for (const registry of this.#registries(collector)) registry.registerMetric(summary as never);
    return summary;
  }

  #common<Label extends string>(collector: Collector, { help, labels = [] }: Family<Label>) {
    const registers = this.#registries(collector);
    return { name: metricName(collector), help, labelNames: labels, registers };
  }

  #registries(collector: Collector): Registry[] {
    return this.#wanted.has(collector) ? [this.registry] : [];
  }
}

/** prom-client calls `collect` with the metric as `this`. */
function collecting<Metric>(collect: ((metric: Metric) => void | Promise<void>) | undefined) {
  if (!collect) return {};
  return {
    collect(this: Metric) {
      return collect(this);
    },
  };
}
