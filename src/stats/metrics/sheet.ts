/** The metrics of a container or pod as protobuf, kept between answers: names and labels stay, numbers are written over. */
import { GrowingBuffer } from "./growing-buffer.ts";
import type { Metric } from "./metric.ts";
import {
  fieldTag,
  lengthPrefix,
  longestVarint,
  stringField,
  writeBigVarint,
  writeLongVarint,
} from "./protobuf.ts";

/** Of PodSandboxMetrics and of ContainerMetrics: both have them alike. */
const fields = { id: 1, metrics: 2 };
/** Of Metric. */
const metricFields = { name: 1, timestamp: 2, type: 3, labels: 4, value: 5 };

/** Nanoseconds since the epoch take so many from 1975 to 2262. */
const timestampBytes = 9;
const timestampTag = Buffer.of(fieldTag(metricFields.timestamp, 0));
/** `COUNTER` is 0, which need not be written. */
const typeField = { COUNTER: Buffer.alloc(0), GAUGE: Buffer.of(fieldTag(metricFields.type, 0), 1) };
/** A UInt64Value, up to its number. */
const valueHead = Buffer.of(fieldTag(metricFields.value, 2), 1 + longestVarint, fieldTag(1, 0));

interface Entry {
  metric: Metric;
  labels: readonly string[];
  /** Where it begins, and where its numbers are. */
  start: number;
  timestampAt: number;
  valueAt: number;
}

/**
 * Filled anew for each reading: `begin`, `add` for each value, `end`. While the same metrics come with the same labels in the same order,
 * which is nearly always, that only writes numbers.
 */
export class MetricSheet {
  readonly #baseLabels: Buffer;
  readonly #entries: Entry[] = [];
  readonly #buffer = new GrowingBuffer(1024);
  readonly #timestamp = Buffer.alloc(timestampBytes);
  #next = 0;

  /** `id` is the container's or the pod's; `baseLabels` are the values of the labels that all metrics begin with. */
  constructor(id: string, baseLabels: readonly string[]) {
    this.#baseLabels = labelFields(baseLabels);
    this.#buffer.append(stringField(fields.id, id));
  }

  /** `timestamp` is that of the values to come, in ns since the epoch. */
  begin(timestamp: string): void {
    this.#next = 0;
    this.asOf(timestamp);
  }

  /** Changes the time of the values to come. */
  asOf(timestamp: string): void {
    writeBigVarint(this.#timestamp, 0, BigInt(timestamp), timestampBytes);
  }

  /** Adds a value; `labels` are the values of the metric's own labels. A value that is not known is left out. */
  add(metric: Metric, value: number | bigint | undefined, ...labels: string[]): void {
    if (value === undefined) return;
    const known = this.#entries[this.#next];
    const same = known?.metric === metric && equal(known.labels, labels);
    const { timestampAt, valueAt } = same ? known : this.#append(metric, labels);
    this.#next += 1;
    const { memory } = this.#buffer;
    memory.set(this.#timestamp, timestampAt);
    if (typeof value === "bigint") writeBigVarint(memory, valueAt, value, longestVarint);
    else writeLongVarint(memory, valueAt, value);
  }

  end(): void {
    this.#dropRest();
  }

  /** The fields of the message, its own tag and length not among them; good until the next `begin`. */
  get encoded(): Buffer {
    return this.#buffer.bytes;
  }

  #append(metric: Metric, labels: string[]): Entry {
    this.#dropRest();
    const before = Buffer.concat([stringField(metricFields.name, metric.descriptor.name), timestampTag]);
    const after = Buffer.concat([typeField[metric.type], this.#baseLabels, labelFields(labels), valueHead]);
    const length = before.length + timestampBytes + after.length + longestVarint;
    const start = this.#buffer.append(lengthPrefix(fields.metrics, length));
    this.#buffer.append(before);
    const timestampAt = this.#buffer.leave(timestampBytes);
    this.#buffer.append(after);
    const valueAt = this.#buffer.leave(longestVarint);
    const entry = { metric, labels, start, timestampAt, valueAt };
    this.#entries.push(entry);
    return entry;
  }

  /** What stood in the sheet from here on does not come this time. */
  #dropRest(): void {
    const first = this.#entries[this.#next];
    if (!first) return;
    this.#buffer.cut(first.start);
    this.#entries.length = this.#next;
  }
}

function labelFields(labels: readonly string[]): Buffer {
  return Buffer.concat(labels.map((label) => stringField(metricFields.labels, label)));
}

function equal(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((label, at) => label === other[at]);
}
