/** UpdateContainerResources: new limits for a container that has been created and has not ended. */
import type {
  LinuxContainerResources,
  UpdateContainerResourcesRequest,
  UpdateContainerResourcesResponse,
} from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { failedPrecondition, invalidArgument } from "../cri/status-error.ts";
import { addLogFields } from "../log.ts";
import { presentHandler } from "../oci/context.ts";
import { containerState } from "../oci/record.ts";
import { ociResources } from "../oci/spec/resources.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerUpdateResources(
  { containers }: RuntimeServiceContext,
  { containerId, linux }: UpdateContainerResourcesRequest,
): Promise<Init<UpdateContainerResourcesResponse>> {
  if (!linux) throw invalidArgument("linux", linux, "there is nothing to update");
  const record = containers.store.get(containerId);
  addLogFields({ container_id: record.id, pod_id: record.podSandboxId });
  await containers.locks.run(record.id, async () => {
    if (record.phase !== "created" && record.phase !== "running") {
      throw failedPrecondition(`container ${record.id} is in state ${containerState(record.phase)}`);
    }
    const { runtime } = presentHandler(containers, record.runtime);
    await runtime.update(record.id, ociResources(linux, containers.host, { field: "linux" }));
    containers.store.update(record, { resources: merged(record.resources, linux) });
  });
  return {};
}

/** What the request leaves at 0 or empty stays as it was. */
function merged(
  before: LinuxContainerResources | null,
  update: LinuxContainerResources,
): LinuxContainerResources {
  if (!before) return update;
  const given = Object.entries(update).filter(([, value]) => value !== 0 && value !== "" && !isEmpty(value));
  return { ...before, ...Object.fromEntries(given) };
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
