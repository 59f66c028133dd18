/** Group `network`: one value an interface of a pod, told of the pod and not of its containers. */
import type { DirectionCounters, InterfaceCounters } from "../network.ts";
import { counter, type Metric } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";

type Direction = Record<keyof DirectionCounters, Metric>;

const received = {
  bytes: counter("container_network_receive_bytes_total", "Bytes received.", "interface"),
  packets: counter("container_network_receive_packets_total", "Packets received.", "interface"),
  dropped: counter(
    "container_network_receive_packets_dropped_total",
    "Packets dropped on arrival.",
    "interface",
  ),
  errors: counter("container_network_receive_errors_total", "Errors on arrival.", "interface"),
} satisfies Direction;

const transmitted = {
  bytes: counter("container_network_transmit_bytes_total", "Bytes sent.", "interface"),
  packets: counter("container_network_transmit_packets_total", "Packets sent.", "interface"),
  dropped: counter(
    "container_network_transmit_packets_dropped_total",
    "Packets dropped on departure.",
    "interface",
  ),
  errors: counter("container_network_transmit_errors_total", "Errors on departure.", "interface"),
} satisfies Direction;

export const networkMetrics = {
  receivedBytes: received.bytes,
  receivedPackets: received.packets,
  receivedDropped: received.dropped,
  receivedErrors: received.errors,
  transmittedBytes: transmitted.bytes,
  transmittedPackets: transmitted.packets,
  transmittedDropped: transmitted.dropped,
  transmittedErrors: transmitted.errors,
};

/** `lo` is nobody's traffic. */
export function addNetwork(sheet: MetricSheet, interfaces: InterfaceCounters[]): void {
  for (const one of interfaces) {
    if (one.name === "lo") continue;
    addDirection(sheet, received, one.received, one.name);
    addDirection(sheet, transmitted, one.transmitted, one.name);
  }
}

function addDirection(
  sheet: MetricSheet,
  metrics: Direction,
  counters: DirectionCounters,
  name: string,
): void {
  sheet.add(metrics.bytes, numberOf(counters.bytes), name);
  sheet.add(metrics.packets, numberOf(counters.packets), name);
  sheet.add(metrics.dropped, numberOf(counters.dropped), name);
  sheet.add(metrics.errors, numberOf(counters.errors), name);
}

/** The kernel counts in 64 bits. */
function numberOf(decimal: string): number | bigint {
  const value = Number(decimal);
  return Number.isSafeInteger(value) ? value : BigInt(decimal);
}
