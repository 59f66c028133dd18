/** Readings of a cgroup as the CRI's messages. */
import type { CgroupReading, CpuReading, MemoryReading } from "../cgroups/readings.ts";
import type { CpuUsage, IoUsage, MemoryUsage, SwapUsage } from "../cri/messages.ts";
import type { CpuRates } from "./cpu-rates.ts";

export interface Usage {
  cpu: CpuUsage | null;
  memory: MemoryUsage | null;
  swap: SwapUsage | null;
  io: IoUsage | null;
}

/** What the cgroup of `owner` (a container's or a pod's record) uses; null for what the kernel did not tell. */
export function usageOf(
  owner: object,
  { cpu, memory, ioPressure }: CgroupReading,
  rates: CpuRates,
  timestamp: string,
): Usage {
  return {
    cpu: cpu
      ? cpuUsage(cpu, rates.next(owner, cpu.usageNanoseconds, process.hrtime.bigint()), timestamp)
      : null,
    memory: memory ? memoryUsage(memory, timestamp) : null,
    swap: memory ? swapUsage(memory, timestamp) : null,
    io: ioPressure ? { timestamp, psi: ioPressure } : null,
  };
}

function cpuUsage(
  { usageNanoseconds, pressure }: CpuReading,
  nanoCores: number | undefined,
  timestamp: string,
): CpuUsage {
  return {
    timestamp,
    usageCoreNanoSeconds: { value: usageNanoseconds },
    usageNanoCores: nanoCores === undefined ? null : { value: nanoCores },
    psi: pressure ?? null,
  };
}

function memoryUsage(reading: MemoryReading, timestamp: string): MemoryUsage {
  const { workingSetBytes, limitBytes, usageBytes, rssBytes, pageFaults, majorPageFaults } = reading;
  return {
    timestamp,
    workingSetBytes: { value: workingSetBytes },
    availableBytes: available(limitBytes, workingSetBytes),
    usageBytes: { value: usageBytes },
    rssBytes: { value: rssBytes },
    pageFaults: { value: pageFaults },
    majorPageFaults: { value: majorPageFaults },
    psi: reading.pressure ?? null,
  };
}

function swapUsage({ swapBytes, swapLimitBytes }: MemoryReading, timestamp: string): SwapUsage | null {
  if (swapBytes === undefined) return null;
  return {
    timestamp,
    swapAvailableBytes: available(swapLimitBytes, swapBytes),
    swapUsageBytes: { value: swapBytes },
  };
}

function available(limit: number | undefined, used: number): { value: number } | null {
  return limit === undefined ? null : { value: Math.max(0, limit - used) };
}
