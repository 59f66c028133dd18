/** Sheets as a client sees them. */
import type { Metric as MetricMessage, PodSandboxMetrics } from "../../cri/messages.ts";
import { loadCri } from "../../cri/proto.ts";
import { lengthPrefix } from "./protobuf.ts";
import type { MetricSheet } from "./sheet.ts";

const { ListPodSandboxMetrics } = loadCri().RuntimeService;

/** The pods of an encoded answer. */
export function decodePods(bytes: Buffer): PodSandboxMetrics[] {
  return (ListPodSandboxMetrics.responseDeserialize(bytes) as { podMetrics: PodSandboxMetrics[] }).podMetrics;
}

/** A sheet, read as that of a pod. */
export function decodeSheet({ encoded }: MetricSheet): PodSandboxMetrics {
  const [pod] = decodePods(Buffer.concat([lengthPrefix(1, encoded.length), encoded]));
  return pod!;
}

/** Values by name, with the labels that are the metric's own: `{ "labelled device": 5 }`. */
export function valuesOf(metrics: MetricMessage[]): Record<string, number> {
  return Object.fromEntries(
    metrics.map(({ name, labelValues, value }) => [
      [name, ...labelValues.slice(5)].join(" "),
      Number(value?.value),
    ]),
  );
}
