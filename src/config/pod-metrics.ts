/** The groups of pod metrics that `included_pod_metrics` chooses from. */

export const podMetricGroups = [
  ...(["cpu", "disk", "diskIO", "hugetlb", "memory"] as const),
  ...(["network", "oom", "pressure", "process", "spec"] as const),
] as const;

export type PodMetricGroup = (typeof podMetricGroups)[number];

/** The groups that a list of their names means, `["all"]` all of them; undefined where it is none. */
export function parsePodMetrics(value: unknown): PodMetricGroup[] | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.length === 1 && value[0] === "all") return [...podMetricGroups];
  return value.every(isGroup) ? podMetricGroups.filter((name) => value.includes(name)) : undefined;
}

function isGroup(name: unknown): name is PodMetricGroup {
  return podMetricGroups.some((group) => group === name);
}
