/** What is told of every container, whatever groups are included. */
import { gauge } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";

export const miscMetrics = {
  lastSeen: gauge(
    "container_last_seen",
    "When the container was last looked at, in seconds since the epoch.",
  ),
};

export function addLastSeen(sheet: MetricSheet): void {
  sheet.add(miscMetrics.lastSeen, Math.floor(Date.now() / 1000));
}
