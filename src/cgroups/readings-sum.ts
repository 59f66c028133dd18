/** Several cgroups taken as one: a pod whose containers have no cgroup of their own above them. */
import { type CgroupReading, type CpuReading, type MemoryReading, noReading } from "./readings.ts";

/** The sum of readings; the one itself if there is one. Limits and pressure do not add up: a sum is without. */
export function sumOfReadings(readings: CgroupReading[]): CgroupReading {
  const [first = noReading, ...others] = readings;
  return others.reduce(
    (sum, { cpu, memory }) => ({
      cpu: added(sum.cpu, cpu, addCpu),
      memory: added(sum.memory, memory, addMemory),
      ioPressure: undefined,
    }),
    first,
  );
}

function added<T>(one: T | undefined, other: T | undefined, add: (one: T, other: T) => T): T | undefined {
  return one && other ? add(one, other) : (one ?? other);
}

function addCpu(one: CpuReading, other: CpuReading): CpuReading {
  const usageNanoseconds = String(BigInt(one.usageNanoseconds) + BigInt(other.usageNanoseconds));
  return { usageNanoseconds, pressure: undefined };
}

function addMemory(one: MemoryReading, other: MemoryReading): MemoryReading {
  return {
    usageBytes: one.usageBytes + other.usageBytes,
    workingSetBytes: one.workingSetBytes + other.workingSetBytes,
    rssBytes: one.rssBytes + other.rssBytes,
    pageFaults: one.pageFaults + other.pageFaults,
    majorPageFaults: one.majorPageFaults + other.majorPageFaults,
    swapBytes: added(one.swapBytes, other.swapBytes, (a, b) => a + b),
    limitBytes: undefined,
    swapLimitBytes: undefined,
    pressure: undefined,
  };
}
