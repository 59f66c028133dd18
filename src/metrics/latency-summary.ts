/** A Prometheus summary of durations; prom-client's own stops the daemon for 15 ms now and then, and keeps 10 MB. */
import { LatencyWindow } from "./latency-window.ts";

/** Those of CRI-O. */
const quantiles = [0.5, 0.9, 0.99];

interface Series {
  window: LatencyWindow;
  sum: number;
  count: number;
}

/** Durations by one label. To be registered with prom-client, which asks it by `get`. */
export class LatencySummary {
  readonly name: string;
  readonly help: string;
  readonly type = "summary";
  readonly aggregator = "sum";
  readonly labelNames: readonly [string];
  readonly #series = new Map<string, Series>();

  constructor(name: string, help: string, label: string) {
    this.name = name;
    this.help = help;
    this.labelNames = [label];
  }

  observe(value: string, seconds: number): void {
    let series = this.#series.get(value);
    if (!series) {
      series = { window: new LatencyWindow(), sum: 0, count: 0 };
      this.#series.set(value, series);
    }
    series.window.observe(seconds);
    series.sum += seconds;
    series.count++;
  }

  get() {
    const [label] = this.labelNames;
    const values = [...this.#series].flatMap(([of, { window, sum, count }]) => {
      const labels = { [label]: of };
      const found = window.quantiles(quantiles);
      return [
        ...quantiles.map((quantile, index) => ({ labels: { ...labels, quantile }, value: found[index]! })),
        { metricName: `${this.name}_sum`, labels, value: sum },
        { metricName: `${this.name}_count`, labels, value: count },
      ];
    });
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }
}
