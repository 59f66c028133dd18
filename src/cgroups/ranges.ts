/** Lists of processors and memory nodes, such as `0-3,7` (cpuset(7), "List format"). */

/** The ranges of a list, the last number of each included; undefined for what is no such list. */
export function parseRanges(list: string): [first: number, last: number][] | undefined {
  if (!/^\d{1,9}(-\d{1,9})?(,\d{1,9}(-\d{1,9})?)*$/.test(list)) return undefined;
  const ranges = list.split(",").map((range): [number, number] => {
    const [first, last = first] = range.split("-").map(Number);
    return [first as number, last as number];
  });
  return ranges.every(([first, last]) => first <= last) ? ranges : undefined;
}
