/** Group `memory`. */
import { counter, gauge } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";
import type { ContainerSource } from "./source.ts";

export const memoryMetrics = {
  cache: gauge("container_memory_cache", "Page cache, in bytes."),
  rss: gauge("container_memory_rss", "Anonymous memory that is not swapped out, in bytes."),
  kernel: gauge("container_memory_kernel_usage", "The kernel's memory for the container, in bytes."),
  mappedFile: gauge("container_memory_mapped_file", "Memory-mapped files, in bytes."),
  swap: gauge("container_memory_swap", "Memory that is swapped out, in bytes."),
  failures: counter("container_memory_failcnt", "How often the container came to its memory limit."),
  usage: gauge("container_memory_usage_bytes", "All memory of the container, in bytes."),
  maxUsage: gauge("container_memory_max_usage_bytes", "The most memory it had at a time, in bytes."),
  workingSet: gauge(
    "container_memory_working_set_bytes",
    "Memory less the file cache that the kernel would drop first, in bytes.",
  ),
  pageFaults: counter(
    "container_memory_failures_total",
    "Page faults: of the container's own cgroup, and with the cgroups below it.",
    "failure_type",
    "scope",
  ),
};

export function addMemory(sheet: MetricSheet, source: ContainerSource): void {
  const { memory } = source.reading;
  const details = source.memoryDetails;
  if (!memory || !details) return;
  sheet.add(memoryMetrics.cache, details.cacheBytes);
  sheet.add(memoryMetrics.rss, memory.rssBytes);
  sheet.add(memoryMetrics.kernel, details.kernelBytes);
  sheet.add(memoryMetrics.mappedFile, details.mappedFileBytes);
  // A kernel that does not account for swap does not swap a container out by limits either.
  sheet.add(memoryMetrics.swap, memory.swapBytes ?? 0);
  sheet.add(memoryMetrics.failures, details.failures);
  sheet.add(memoryMetrics.usage, memory.usageBytes);
  sheet.add(memoryMetrics.maxUsage, details.maxUsageBytes);
  sheet.add(memoryMetrics.workingSet, memory.workingSetBytes);
  sheet.add(memoryMetrics.pageFaults, details.ownPageFaults, "pgfault", "container");
  sheet.add(memoryMetrics.pageFaults, memory.pageFaults, "pgfault", "hierarchy");
  sheet.add(memoryMetrics.pageFaults, details.ownMajorPageFaults, "pgmajfault", "container");
  sheet.add(memoryMetrics.pageFaults, memory.majorPageFaults, "pgmajfault", "hierarchy");
}
