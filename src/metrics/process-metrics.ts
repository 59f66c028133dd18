/** What Prometheus expects of every process: memory, descriptors, processor time. */
import type { Prometheus, Registry } from "./prometheus.ts";

/** Adds the cheap ones of prom-client's defaults, by the names they have everywhere. */
export function addProcessMetrics(registry: Registry, prometheus: Prometheus): void {
  addProcessorTime(registry, prometheus);
  for (const add of prometheus.processMetrics) add(registry);
}

/** prom-client's own of these would load OpenTelemetry. */
function addProcessorTime(registry: Registry, { Counter }: Prometheus): void {
  const counter = (name: string, help: string, read: (usage: NodeJS.CpuUsage) => number) => {
    let told = 0;
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        const now = read(process.cpuUsage()) / 1e6;
        this.inc(Math.max(0, now - told));
        told = now;
      },
    });
  };
  counter("process_cpu_user_seconds_total", "Processor time in user mode, in seconds.", ({ user }) => user);
  counter(
    "process_cpu_system_seconds_total",
    "Processor time in the kernel, in seconds.",
    (usage) => usage.system,
  );
  counter(
    "process_cpu_seconds_total",
    "Processor time in all, in seconds.",
    (usage) => usage.user + usage.system,
  );
}
