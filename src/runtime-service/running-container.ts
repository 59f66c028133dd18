/** The container that a command is to run in, or a client to be attached to. */
import { failedPrecondition } from "../cri/status-error.ts";
import { addLogFields } from "../log.ts";
import type { ContainerContext } from "../oci/context.ts";
import { type ContainerRecord, containerState } from "../oci/record.ts";

/** The container `id`, whose process must run. NOT_FOUND, FAILED_PRECONDITION. */
export function runningContainer({ store }: ContainerContext, id: string): ContainerRecord {
  const record = store.get(id);
  addLogFields({ container_id: record.id, pod_id: record.podSandboxId });
  if (record.phase === "running") return record;
  throw failedPrecondition(`container ${record.id} is in state ${containerState(record.phase)}, not running`);
}
