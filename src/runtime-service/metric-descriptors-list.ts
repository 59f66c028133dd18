/** ListMetricDescriptors: of the metrics that `included_pod_metrics` chooses. */
import type { ListMetricDescriptorsResponse } from "../cri/messages.ts";
import type { RuntimeServiceContext } from "./context.ts";

export function metricDescriptorsList({ stats }: RuntimeServiceContext): ListMetricDescriptorsResponse {
  return { descriptors: stats.metrics.descriptors() };
}
