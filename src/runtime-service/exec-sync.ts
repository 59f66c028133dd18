/** ExecSync: runs a command in a container and answers with its output. */
import type { ExecSyncRequest, ExecSyncResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { failedPrecondition, invalidArgument } from "../cri/status-error.ts";
import { addLogFields } from "../log.ts";
import { readSpec } from "../oci/bundle.ts";
import { containerFolder, presentHandler } from "../oci/context.ts";
import { execSync as run } from "../oci/exec-sync.ts";
import { containerState } from "../oci/record.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function execSync(
  { containers, stopping }: RuntimeServiceContext,
  request: ExecSyncRequest,
): Promise<Init<ExecSyncResponse>> {
  const { cmd } = request;
  const seconds = Number(request.timeout);
  if (cmd.length === 0) throw invalidArgument("cmd", cmd, "it must name a program");
  if (seconds < 0) throw invalidArgument("timeout", seconds, "it must be 0 (none) or more seconds");
  const record = containers.store.get(request.containerId);
  addLogFields({ container_id: record.id, pod_id: record.podSandboxId });
  if (record.phase !== "running") {
    throw failedPrecondition(
      `container ${record.id} is in state ${containerState(record.phase)}, not running`,
    );
  }
  const spec = await readSpec(containerFolder(containers, record.id));
  const { runtime } = presentHandler(containers, record.runtime);
  return await run({
    runtime,
    id: record.id,
    process: { ...spec.process, args: cmd, terminal: false },
    timeoutMs: seconds * 1000,
    signal: stopping,
  });
}
