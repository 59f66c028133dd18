/** Through whom a pod's network is seen. */
import { isAlive, type ProcessIdentity } from "../linux/process.ts";
import type { ContainerRecord } from "../oci/record.ts";
import type { PodSandboxRecord } from "../sandbox/record.ts";

/** A process in the pod's network namespace: the pause container's, or one of its containers'; undefined when none lives. */
export function networkProcess(
  { process }: PodSandboxRecord,
  containers: readonly ContainerRecord[],
): ProcessIdentity | undefined {
  const candidates = [process, ...containers.map((container) => container.process)];
  return candidates.find((one) => one !== null && isAlive(one)) ?? undefined;
}
