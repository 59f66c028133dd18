/** ExecSync: runs a command in a container and answers with its output. */
import type { ExecSyncRequest, ExecSyncResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { userOnHost } from "../linux/user-namespace.ts";
import { readSpec } from "../oci/bundle.ts";
import { containerFolder, presentHandler } from "../oci/context.ts";
import { execSync as run } from "../oci/exec-sync.ts";
import { wrongProgram } from "../oci/runtime-refusal.ts";
import { execProcess } from "../oci/spec/exec.ts";
import { containerIdMappings } from "../sandbox/user-namespace.ts";
import type { RuntimeServiceContext } from "./context.ts";
import { runningContainer } from "./running-container.ts";

export async function execSync(
  { containers, sandboxes, stopping }: RuntimeServiceContext,
  request: ExecSyncRequest,
): Promise<Init<ExecSyncResponse>> {
  const { cmd } = request;
  const seconds = Number(request.timeout);
  if (cmd.length === 0) throw invalidArgument("cmd", cmd, "it must name a program");
  if (seconds < 0) throw invalidArgument("timeout", seconds, "it must be 0 (none) or more seconds");
  const record = runningContainer(containers, request.containerId);
  const spec = await readSpec(containerFolder(containers, record.id));
  const { runtime } = presentHandler(containers, record.runtime);
  return await run({
    runtime,
    id: record.id,
    process: execProcess(spec.process, cmd, false),
    pipeOwner: userOnHost(containerIdMappings(sandboxes, record), spec.process.user),
    timeoutMs: seconds * 1000,
    signal: stopping,
  }).catch((error) => {
    throw wrongProgram(error, "cmd", cmd);
  });
}
