/** Group `hugetlb`: one value a page size of the machine. */
import { readHugePages } from "../../cgroups/huge-pages.ts";
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

export function addHugetlb(sheet: MetricSheet, { surroundings, path }: ContainerSource): void {
  for (const { pageSize, usageBytes, maxUsageBytes } of readHugePages(surroundings.cgroups, path)) {
    sheet.add(hugetlbMetrics.usage, usageBytes, pageSize);
    sheet.add(hugetlbMetrics.maxUsage, maxUsageBytes, pageSize);
  }
}
