/** A container's limits in words. */
import type { LinuxContainerResources } from "../cri/messages.ts";
import { bytes } from "./units.ts";

/** A line for each kind of limit that is set; none for a container without limits. */
export function resourceLines(resources: LinuxContainerResources | null): string[] {
  if (!resources) return [];
  return [processorLine(resources), memoryLine(resources), ...otherLines(resources)].filter(
    (line) => line !== "",
  );
}

function processorLine({ cpuQuota, cpuPeriod, cpuShares, cpusetCpus }: LinuxContainerResources): string {
  const quota = Number(cpuQuota);
  const period = Number(cpuPeriod) || 100_000;
  const parts = [
    quota > 0 ? `at most ${Number((quota / period).toFixed(3))} of a processor` : "",
    Number(cpuShares) > 0 ? `${cpuShares} shares` : "",
    cpusetCpus ? `on ${cpusetCpus}` : "",
  ];
  return titled("cpu", parts);
}

function memoryLine(resources: LinuxContainerResources): string {
  const limit = Number(resources.memoryLimitInBytes);
  // The CRI's limit is of memory and swap together.
  const swap = Number(resources.memorySwapLimitInBytes) - limit;
  const parts = [
    limit > 0 ? `at most ${bytes(limit)}` : "",
    limit > 0 && swap > 0 ? `${bytes(swap)} of swap` : "",
    resources.cpusetMems ? `on nodes ${resources.cpusetMems}` : "",
  ];
  return titled("memory", parts);
}

function otherLines({ hugepageLimits, oomScoreAdj, unified }: LinuxContainerResources): string[] {
  return [
    ...hugepageLimits
      .filter(({ limit }) => Number(limit) > 0)
      .map(({ pageSize, limit }) => `huge pages of ${pageSize}: at most ${bytes(Number(limit))}`),
    ...(Number(oomScoreAdj) !== 0 ? [`oom_score_adj: ${oomScoreAdj}`] : []),
    ...Object.entries(unified).map(([file, value]) => `${file}: ${value}`),
  ];
}

function titled(title: string, parts: string[]): string {
  const said = parts.filter((part) => part !== "");
  return said.length > 0 ? `${title}: ${said.join(", ")}` : "";
}
