/** LinuxContainerResources in updates: what a request leaves at 0 or empty stays as it was. */
import type { LinuxContainerResources } from "../../cri/messages.ts";

/** Whether a field of a decoded message has been given a value. */
export function isGiven(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== "" && value !== 0;
}

/** `before` with what `update` gives; keys of `unified` and sizes of huge pages each for itself. */
export function mergedResources(
  before: LinuxContainerResources | null,
  update: LinuxContainerResources,
): LinuxContainerResources {
  if (!before) return update;
  const given = Object.entries(update).filter(([, value]) => isGiven(value));
  const sizes = new Set(update.hugepageLimits.map(({ pageSize }) => pageSize));
  return {
    ...before,
    ...Object.fromEntries(given),
    unified: { ...before.unified, ...update.unified },
    hugepageLimits: [
      ...before.hugepageLimits.filter(({ pageSize }) => !sizes.has(pageSize)),
      ...update.hugepageLimits,
    ],
  };
}
