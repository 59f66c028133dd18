/**
 * What a container may use: LinuxContainerResources as OCI resources, at its creation and in
 * UpdateContainerResources.
 */
import type { HugepageLimit, Int64, LinuxContainerResources } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import { checkCpuset } from "./cpuset.ts";
import type { Host } from "./host.ts";
import type { Resources } from "./types.ts";

export interface ResourceOptions {
  /** The message, for errors. */
  field?: string | undefined;
  /** Least memory limit, in bytes: the handler's `container_min_memory`. */
  minimumMemory?: number | undefined;
}

/** The largest int64 that a number holds. */
const maximumInt64 = 2 ** 63 - 1024;

/**
 * The OCI resources of a request; what it leaves at 0 or empty is left out, so an update leaves it as it is.
 * A memory limit limits swap to the same unless the request says otherwise: no swap. INVALID_ARGUMENT for values
 * the kernel would refuse or that this machine cannot enforce.
 */
export function ociResources(
  requested: LinuxContainerResources | null,
  host: Host,
  { field = "config.linux.resources", minimumMemory = 0 }: ResourceOptions = {},
): Resources {
  if (!requested) return {};
  const cpu = cpuResources(requested, host, field);
  const memory = memoryResources(requested, host, field);
  if (memory?.limit !== undefined && memory.limit > 0 && memory.limit < minimumMemory) {
    const reason = `less than the runtime needs, ${minimumMemory} (container_min_memory)`;
    throw invalidArgument(`${field}.memory_limit_in_bytes`, memory.limit, reason);
  }
  const hugepageLimits = hugepages(requested.hugepageLimits, host, `${field}.hugepage_limits`);
  const unified = unifiedResources(requested.unified, host, `${field}.unified`);
  return {
    ...(cpu && { cpu }),
    ...(memory && { memory }),
    ...(hugepageLimits.length > 0 && { hugepageLimits }),
    ...(unified && { unified }),
  };
}

function cpuResources(requested: LinuxContainerResources, host: Host, field: string): Resources["cpu"] {
  const shares = integer(requested.cpuShares, `${field}.cpu_shares`, [0, 2 ** 18]);
  const period = integer(requested.cpuPeriod, `${field}.cpu_period`, [0, 1_000_000]);
  const quota = integer(requested.cpuQuota, `${field}.cpu_quota`, [-1, Number.MAX_SAFE_INTEGER]);
  const { cpusetCpus, cpusetMems } = requested;
  if (period > 0 && period < 1000) throw invalidArgument(`${field}.cpu_period`, period, "less than 1000 µs");
  if (quota > 0 && quota < 1000) throw invalidArgument(`${field}.cpu_quota`, quota, "less than 1000 µs");
  checkCpuset(cpusetCpus, "cpu", host, `${field}.cpuset_cpus`);
  checkCpuset(cpusetMems, "node", host, `${field}.cpuset_mems`);
  return unlessEmpty({
    // The kernel's own minimum is 2.
    ...(shares > 0 && { shares: Math.max(shares, 2) }),
    ...(period > 0 && { period }),
    ...(quota !== 0 && { quota }),
    ...(cpusetCpus && { cpus: cpusetCpus }),
    ...(cpusetMems && { mems: cpusetMems }),
  });
}

function memoryResources(requested: LinuxContainerResources, host: Host, field: string): Resources["memory"] {
  const limit = integer(requested.memoryLimitInBytes, `${field}.memory_limit_in_bytes`, [-1, maximumInt64]);
  const swapField = `${field}.memory_swap_limit_in_bytes`;
  const asked = integer(requested.memorySwapLimitInBytes, swapField, [-1, maximumInt64]);
  if (!host.cgroups.limitsSwap) {
    if (asked > 0 && asked !== limit)
      throw invalidArgument(swapField, asked, "this kernel does not limit swap");
    return limit === 0 ? undefined : { limit };
  }
  // The OCI's swap is memory and swap together, as is the CRI's.
  const swap = asked === 0 ? limit : asked;
  if (swap > 0 && (limit > swap || limit === -1)) {
    throw invalidArgument(swapField, swap, `it counts memory too, whose limit is ${limit}`);
  }
  return unlessEmpty({ ...(limit !== 0 && { limit }), ...(swap !== 0 && { swap }) });
}

/** The kubelet sends every size of the node, with 0: without the hugetlb controller such a limit is no loss. */
function hugepages(
  limits: HugepageLimit[],
  host: Host,
  field: string,
): { pageSize: string; limit: number }[] {
  const enforced: { pageSize: string; limit: number }[] = [];
  for (const [index, { pageSize, limit: asked }] of limits.entries()) {
    const limit = integer(asked, `${field}[${index}].limit`, [0, maximumInt64]);
    if (host.hugepageSizes.has(pageSize)) enforced.push({ pageSize, limit });
    else if (limit > 0) {
      throw invalidArgument(
        `${field}[${index}].page_size`,
        pageSize,
        "this machine cannot limit huge pages of that size",
      );
    }
  }
  return enforced;
}

function unifiedResources(
  unified: Record<string, string>,
  host: Host,
  field: string,
): Record<string, string> | undefined {
  const names = Object.keys(unified);
  if (names.length === 0) return undefined;
  if (host.cgroups.version !== "v2")
    throw invalidArgument(field, unified, "it needs cgroup v2, this machine has v1");
  const controllers = host.cgroups.hierarchies.find((one) => one.unified)?.controllers ?? [];
  for (const [name, value] of Object.entries(unified)) {
    const controller = /^([a-z0-9_]+)\.[A-Za-z0-9_.]+$/.exec(name)?.[1];
    if (controller === undefined) throw invalidArgument(field, name, "not the name of a cgroup file");
    if (controller !== "cgroup" && !controllers.includes(controller)) {
      throw invalidArgument(field, name, `the controllers of this machine are ${controllers.join(", ")}`);
    }
    if (!/^[^\0\n]+$/.test(value)) throw invalidArgument(`${field}["${name}"]`, value, "it must be one line");
  }
  return unified;
}

function integer(value: Int64, field: string, [least, most]: [number, number]): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw invalidArgument(field, value, `not a number from ${least} to ${most}`);
}

function unlessEmpty<T extends object>(values: T): T | undefined {
  return Object.keys(values).length > 0 ? values : undefined;
}
