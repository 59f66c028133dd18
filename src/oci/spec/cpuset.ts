/** Lists of processors and memory nodes, such as `0-3,7` (cpuset(7)). */
import { parseRanges } from "../../cgroups/ranges.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import type { Host } from "./host.ts";

/**
 * Throws INVALID_ARGUMENT unless `list` is empty or names only processors (or memory nodes) that are online: the kernel refuses
 * others when it is too late to say which.
 */
export function checkCpuset(list: string, kind: "cpu" | "node", host: Host, field: string): void {
  if (list === "") return;
  const asked = parseRanges(list);
  if (!asked) throw invalidArgument(field, list, "not a list of numbers and ranges such as 0-3,7");
  const text = host.online(kind);
  const online = parseRanges(text);
  // They may come as 0-1,2-3: a range asked for may span several.
  const isOnline = (number: number) =>
    online?.some(([first, last]) => first <= number && number <= last) ?? true;
  for (const [first, last] of asked) {
    for (let number = first; number <= last; number++) {
      if (!isOnline(number)) throw invalidArgument(field, list, `online are ${text}, not ${number}`);
    }
  }
}
