/** Limits of a slice as systemd knows them (systemd.resource-control(5)): it would take back what others write into its cgroups. */
import type { CgroupVersion } from "./hierarchy.ts";
import { type CgroupLimits, cpuWeight } from "./limits.ts";
import { parseRanges } from "./ranges.ts";
import type { UnitProperty } from "./systemd.ts";

/** systemd's infinity. */
const infinity = 2n ** 64n - 1n;

/** The properties for `limits`. Huge pages, keys of `unified` and on v1 cpusets are none that systemd has. */
export function sliceProperties(
  version: CgroupVersion,
  { cpu = {}, memory = {} }: CgroupLimits,
): UnitProperty[] {
  const v2 = version === "v2";
  const properties: UnitProperty[] = [];
  const add = (name: string, value: bigint | number | undefined) => {
    if (value !== undefined) properties.push([name, { signature: "t", value: BigInt(value) }]);
  };
  if (cpu.shares !== undefined) add(v2 ? "CPUWeight" : "CPUShares", v2 ? cpuWeight(cpu.shares) : cpu.shares);
  add("CPUQuotaPeriodUSec", cpu.period);
  add(
    "CPUQuotaPerSecUSec",
    cpu.quota === undefined ? undefined : perSecond(cpu.quota, cpu.period ?? 100_000),
  );
  add(v2 ? "MemoryMax" : "MemoryLimit", orInfinity(memory.limit));
  if (v2 && memory.swap !== undefined) add("MemorySwapMax", swapAlone(memory.limit ?? 0, memory.swap));
  if (v2 && cpu.cpus) properties.push(["AllowedCPUs", bitmap(cpu.cpus)]);
  if (v2 && cpu.mems) properties.push(["AllowedMemoryNodes", bitmap(cpu.mems)]);
  return properties;
}

/** In µs of processor time a second, which systemd turns into the period's share. */
function perSecond(quota: number, period: number): bigint | number {
  return quota < 0 ? infinity : Math.round((quota / period) * 1_000_000);
}

function swapAlone(limit: number, swap: number): bigint | number {
  return swap < 0 || limit < 0 ? infinity : swap - limit;
}

function orInfinity(limit: number | undefined): bigint | number | undefined {
  return limit !== undefined && limit < 0 ? infinity : limit;
}

/** A list such as `0-3,7` as a bit for each number, lowest first. */
function bitmap(list: string): UnitProperty[1] {
  const bytes: number[] = [];
  for (const [first, last] of parseRanges(list) ?? []) {
    for (let number = first; number <= last; number++) {
      const index = number >> 3;
      while (bytes.length <= index) bytes.push(0);
      bytes[index] = (bytes[index] as number) | (1 << (number & 7));
    }
  }
  return { signature: "ay", value: bytes };
}
