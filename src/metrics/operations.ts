/** RPCs: how many, how long, how they fail, and what they wait for. */
import { status } from "@grpc/grpc-js";
import type { Observer } from "../observation.ts";
import type { Families } from "./families.ts";

/** As CRI-O tells of a pod's network: what CNI takes, and what it takes in all, which here is the same. */
const networkSetup = ["network_setup_pod", "network_setup_overall"];

export function observeOperations(families: Families): Observer {
  const labels = ["operation"] as const;
  const total = families.counter("operations_total", { help: "RPCs that were answered.", labels });
  const latency = families.gauge("operations_latency_seconds", {
    help: "How long the last RPC took, in seconds.",
    labels,
  });
  const latencies = families.summary("operations_latency_seconds_total", {
    help: "How long RPCs took, in seconds; quantiles of the last ten minutes, to 2 %.",
    label: "operation",
  });
  const errors = families.counter("operations_errors_total", { help: "RPCs that failed.", labels });
  const failed = families.counter("operations_failed_total", {
    help: "RPCs that failed, by the gRPC code of the answer.",
    labels: ["operation", "code"],
  });
  const running = families.gauge("operations_running", {
    help: "RPCs that are being answered, streams among them.",
    labels,
  });
  const waits = families.histogram("lock_wait_duration_seconds", {
    help: "How long work had to wait for other work on the same pod or container, in seconds.",
    buckets: [0.001, 0.01, 0.1, 0.5, 1, 5, 30, 120],
  });
  return {
    step: ({ kind }) => {
      return kind === "lock.wait" ? { end: ({ durationMs }) => waits.observe(durationMs / 1000) } : undefined;
    },
    incident: ({ kind, attributes }) => {
      if (kind !== "pod.attached") return;
      for (const operation of networkSetup) latency.set({ operation }, attributes.durationMs / 1000);
    },
    rpc: ({ method: operation, streaming }) => {
      running.inc({ operation });
      return {
        end: ({ code, durationMs }) => {
          running.dec({ operation });
          total.inc({ operation });
          // A stream stays for as long as its client wants.
          if (!streaming) {
            latency.set({ operation }, durationMs / 1000);
            latencies.observe(operation, durationMs / 1000);
          }
          if (code === status.OK) return;
          errors.inc({ operation });
          failed.inc({ operation, code: status[code] });
        },
      };
    },
  };
}
