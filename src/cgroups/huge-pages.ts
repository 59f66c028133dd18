/** What a cgroup uses of huge pages. */
import { existsSync, readdirSync } from "node:fs";
import { readCgroupFile } from "./files.ts";
import type { Cgroups } from "./hierarchy.ts";

export interface HugePageUsage {
  /** As the kernel names it in files: `2MB`, `1GB`. */
  pageSize: string;
  usageBytes: number;
  /** The most that was used at a time; undefined on v2, which does not keep it. */
  maxUsageBytes: number | undefined;
}

/** One entry a page size of this machine; none when the cgroup is gone or the kernel does not count. */
export function readHugePages(cgroups: Cgroups, path: string): HugePageUsage[] {
  const hierarchy = cgroups.hierarchies.find(({ controllers }) => controllers.includes("hugetlb"));
  if (!hierarchy) return [];
  const folder = hierarchy.mount + path;
  const current = hierarchy.unified ? "current" : "usage_in_bytes";
  // Beside controllers of v1 the unified hierarchy has this one, and nobody switches it on.
  if (!hugePageSizes().some((size) => existsSync(`${folder}/hugetlb.${size}.${current}`))) return [];
  return hugePageSizes().flatMap((pageSize) => {
    const usage = readCgroupFile(folder, `hugetlb.${pageSize}.${current}`);
    if (usage === undefined) return [];
    const max = hierarchy.unified
      ? undefined
      : readCgroupFile(folder, `hugetlb.${pageSize}.max_usage_in_bytes`);
    return {
      pageSize,
      usageBytes: Number(usage),
      maxUsageBytes: max === undefined ? undefined : Number(max),
    };
  });
}

let pageSizes: string[] | undefined;

/** The machine's sizes of huge pages, as the kernel names them in files. They are the processor's, and do not change. */
export function hugePageSizes(): readonly string[] {
  pageSizes ??= foldersIn("/sys/kernel/mm/hugepages")
    .flatMap((name) => /^hugepages-(\d+)kB$/.exec(name)?.[1] ?? [])
    .map((kilobytes) => nameOf(Number(kilobytes)));
  return pageSizes;
}

/** The kernel's own way: the largest unit that leaves a whole number. */
function nameOf(kilobytes: number): string {
  if (kilobytes >= 1024 * 1024) return `${Math.floor(kilobytes / 1024 / 1024)}GB`;
  return kilobytes >= 1024 ? `${Math.floor(kilobytes / 1024)}MB` : `${kilobytes}KB`;
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
