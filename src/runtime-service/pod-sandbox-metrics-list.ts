/** ListPodSandboxMetrics: of the pods that are ready. */
import type { RuntimeServiceContext } from "./context.ts";

export function podSandboxMetricsList({ stats, sandboxes }: RuntimeServiceContext): Promise<Buffer> {
  return stats.metrics.encoded(sandboxes.store);
}
