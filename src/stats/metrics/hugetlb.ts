/** Group `hugetlb`: one value a page size of the machine. */
import { gauge } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";
import type { ContainerSource } from "./source.ts";

export const hugetlbMetrics = {
  usage: gauge("container_hugetlb_usage_bytes", "Huge pages of a size, in bytes.", "pagesize"),
  maxUsage: gauge(
    "container_hugetlb_max_usage_bytes",
    "The most that huge pages of a size took at a time, in bytes.",
    "pagesize",
  ),
};

export function addHugetlb(sheet: MetricSheet, { slow, timestamp }: ContainerSource): void {
  sheet.asOf(slow.timestamp);
  for (const { pageSize, usageBytes, maxUsageBytes } of slow.hugePages) {
    sheet.add(hugetlbMetrics.usage, usageBytes, pageSize);
    sheet.add(hugetlbMetrics.maxUsage, maxUsageBytes, pageSize);
  }
  sheet.asOf(timestamp);
}
