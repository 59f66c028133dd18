/** A Prometheus summary of durations; prom-client's own stops the daemon for 15 ms now and then, and keeps 10 MB. */
import { LatencyWindow } from "./latency-window.ts";

/** Those of CRI-O. */
const quantiles = [0.5, 0.9, 0.99];

/** A line of the text; named as the summary itself unless it says else. */
interface Value {
  metricName?: string;
  labels: Record<string, string | number>;
  value: number;
}

interface Series {
  window: LatencyWindow;
  sum: number;
  count: number;
}

/** Durations by one label; without quantiles where there was none lately. To be registered with prom-client, which asks it by `get`. */
export class LatencySummary {
  readonly name: string;
  readonly help: string;
  readonly type = "summary";
  readonly aggregator = "sum";
  readonly labelNames: readonly [string];
  readonly #series = new Map<string, Series>();
  readonly #now: (() => number) | undefined;

  /** `now` is a clock in milliseconds. */
  constructor(name: string, help: string, label: string, now?: () => number) {
    this.#now = now;
    this.name = name;
    this.help = help;
    this.labelNames = [label];
  }

  observe(value: string, seconds: number): void {
    let series = this.#series.get(value);
    if (!series) {
      series = { window: new LatencyWindow(this.#now), sum: 0, count: 0 };
      this.#series.set(value, series);
    }
    series.window.observe(seconds);
    series.sum += seconds;
    series.count++;
  }

  get() {
    const [label] = this.labelNames;
    const values = [...this.#series].flatMap(([of, { window, sum, count }]): Value[] => {
      const labels = { [label]: of };
      const found = window.quantiles(quantiles);
      return [
        // prom-client writes NaN in a way that not all who scrape can read.
        ...quantiles
          .map((quantile, index) => ({ labels: { ...labels, quantile }, value: found[index]! }))
          .filter(({ value }) => !Number.isNaN(value)),
        { metricName: `${this.name}_sum`, labels, value: sum },
        { metricName: `${this.name}_count`, labels, value: count },
      ];
    });
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }
}
