/** Collects the statistics of all pods that are ready and of their running containers. */

import { inSlices } from "../slices.ts";
import type { StatsContext } from "./context.ts";
import { overviewOf } from "./overview.ts";
import { readPodSandboxStats } from "./pod-sandbox-stats.ts";

/** Reads them in slices, and keeps them in the context's `collected`. */
export async function collectStats(context: StatsContext): Promise<void> {
  const { sandboxes, containers, collected } = context;
  const overview = overviewOf(context);
  await inSlices([...sandboxes.store], (record) => {
    if (record.phase !== "ready") return;
    const stats = readPodSandboxStats(context, record, overview);
    collected.keepPod(record, stats);
    for (const one of stats.linux?.containers ?? []) {
      const container = containers.store.find(one.attributes?.id ?? "");
      if (container) collected.keepContainer(container, one);
    }
  });
}
