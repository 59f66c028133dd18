/** Every metric, of a daemon that has nothing to do. */
import { collectors } from "../../src/config/metrics-keys.ts";
import { collectMetrics, type MetricSources, type Metrics } from "../../src/metrics/metrics.ts";
import type { ContainerRecord } from "../../src/oci/record.ts";
import type { PodSandboxRecord } from "../../src/sandbox/record.ts";
import { openDatabase, Records } from "../../src/state/database.ts";
import { Store } from "../../src/state/store.ts";

/** What metrics are made of, with nothing in it; `sessions` may be changed. */
export function idleSources(): MetricSources {
  const none = { open: 0, opened: 0 };
  return {
    sandboxes: storeOf<PodSandboxRecord>("pod sandbox"),
    containers: storeOf<ContainerRecord>("container"),
    defaultRuntime: () => "runc",
    streams: { sessions: { exec: none, attach: none, portforward: none } },
  };
}

export function idleMetrics(): Metrics {
  return collectMetrics(collectors, idleSources());
}

function storeOf<T extends { id: string }>(kind: string): Store<T> {
  return new Store<T>(kind, new Records(openDatabase(":memory:"), "records"), () => Buffer.alloc(0));
}
