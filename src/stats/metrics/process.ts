/** Group `process`. */
import { readTaskCounts } from "../../cgroups/task-counts.ts";
import { gauge } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";
import type { ContainerSource } from "./source.ts";

export const processMetrics = {
  descriptors: gauge("container_file_descriptors", "File descriptors that the processes have open."),
  processes: gauge("container_processes", "Processes of the container."),
  sockets: gauge("container_sockets", "Sockets that the processes have open."),
  threads: gauge("container_threads", "Threads of the container."),
  threadsMax: gauge("container_threads_max", "Limit of its threads, 0 for none."),
  softLimits: gauge(
    "container_ulimits_soft",
    "Soft limits of the container's first process; no limit is the largest number, which is -1 in 64 bits.",
    "ulimit",
  ),
};

const noLimit = 2n ** 64n - 1n;

export function addProcess(
  sheet: MetricSheet,
  { slow, surroundings, path, timestamp }: ContainerSource,
): void {
  const tasks = readTaskCounts(surroundings.cgroups, path);
  sheet.add(processMetrics.threads, tasks?.threads);
  sheet.add(processMetrics.threadsMax, tasks && (tasks.threadsMax ?? 0));
  const { processes } = slow;
  if (!processes) return;
  sheet.asOf(slow.timestamp);
  sheet.add(processMetrics.descriptors, processes.descriptors);
  sheet.add(processMetrics.processes, processes.processes);
  sheet.add(processMetrics.sockets, processes.sockets);
  const { openFilesLimit: limit } = processes;
  sheet.add(processMetrics.softLimits, limit !== undefined && limit < 0 ? noLimit : limit, "max_open_files");
  sheet.asOf(timestamp);
}
