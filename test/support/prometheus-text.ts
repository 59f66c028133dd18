/** Reads what a metrics server says: Prometheus' text format, version 0.0.4. */

/** Metrics by name; each series has a value. */
export class Scrape {
  readonly #series = new Map<string, { labels: Record<string, string>; value: number }[]>();
  /** Kinds of metrics by their names: counter, gauge, histogram or summary. */
  readonly types = new Map<string, string>();

  constructor(text: string) {
    for (const line of text.split("\n")) {
      const type = /^# TYPE (\S+) (\w+)$/.exec(line);
      if (type) this.types.set(type[1]!, type[2]!);
      // The time of the reading may follow.
      const match = /^(\w+)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line);
      if (!match || line.startsWith("#")) continue;
      const [, name, labels = "", value] = match as unknown as [string, string, string | undefined, string];
      const series = this.#series.get(name) ?? [];
      series.push({ labels: labelsOf(labels), value: numberOf(value) });
      this.#series.set(name, series);
    }
  }

  /** Names that have a series. */
  get names(): string[] {
    return [...this.#series.keys()];
  }

  /** The sum of the series that have these labels, among others; 0 for none. */
  sum(name: string, labels: Record<string, string> = {}): number {
    return this.series(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  series(
    name: string,
    labels: Record<string, string> = {},
  ): { labels: Record<string, string>; value: number }[] {
    const wanted = Object.entries(labels);
    const all = this.#series.get(name) ?? [];
    return all.filter((one) => wanted.every(([label, value]) => one.labels[label] === value));
  }
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries([...pairs].map(([, name, value]) => [name!, JSON.parse(`"${value}"`) as string]));
}

function numberOf(text: string): number {
  return text === "+Inf" ? Number.POSITIVE_INFINITY : text === "Nan" ? Number.NaN : Number(text);
}
