/** What a metric is: its descriptor as ListMetricDescriptors tells it, and how its values are to be read. */
import type { MetricDescriptor, MetricType } from "../../cri/messages.ts";

/** The labels that every metric begins with: the container's or the pod's. */
export const baseLabels = ["id", "image", "namespace", "pod", "container"] as const;

export interface Metric {
  readonly type: MetricType;
  readonly descriptor: MetricDescriptor;
}

/** A number that only grows while the container runs. `labels` come after the base labels. */
export function counter(name: string, help: string, ...labels: string[]): Metric {
  return metric("COUNTER", name, help, labels);
}

/** A number that goes up and down. `labels` come after the base labels. */
export function gauge(name: string, help: string, ...labels: string[]): Metric {
  return metric("GAUGE", name, help, labels);
}

function metric(type: MetricType, name: string, help: string, labels: string[]): Metric {
  return { type, descriptor: { name, help, labelKeys: [...baseLabels, ...labels] } };
}

/** Metrics have whole numbers only (UInt64Value): a time in seconds loses what is less than one. */
export function wholeSeconds(nanoseconds: number | string): number {
  return Math.floor(Number(nanoseconds) / 1e9);
}
