/** Which boot of the machine this is. */
import { readFileSync } from "node:fs";

let known: string | undefined;

/** The kernel's ID of this boot: no other has the same, on any machine. Read once. */
export function bootId(): string {
  known ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return known;
}
