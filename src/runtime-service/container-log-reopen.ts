/** ReopenContainerLog: after the kubelet has renamed the log, the monitor begins a new file at the same path. */
import type { ReopenContainerLogRequest, ReopenContainerLogResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { failedPrecondition } from "../cri/status-error.ts";
import { hasOpen } from "../linux/open-files.ts";
import { addLogFields } from "../log.ts";
import { containerFolder } from "../oci/context.ts";
import { reopenLog } from "../oci/control.ts";
import { prepareLog } from "../oci/log-file.ts";
import { containerState } from "../oci/record.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function containerLogReopen(
  { containers, sandboxes }: RuntimeServiceContext,
  request: ReopenContainerLogRequest,
): Promise<Init<ReopenContainerLogResponse>> {
  const record = containers.store.get(request.containerId);
  addLogFields({ container_id: record.id, pod_id: record.podSandboxId });
  if (record.phase !== "running") {
    throw failedPrecondition(
      `container ${record.id} is in state ${containerState(record.phase)}: it writes no log`,
    );
  }
  const { logPath, monitor } = record;
  // The monitor puts a new file in place of the log that it writes to: what is in it would be lost.
  const isRotated = logPath !== "" && !(monitor && hasOpen(monitor.pid, logPath));
  if (isRotated) {
    prepareLog(sandboxes.store.get(record.podSandboxId).config.logDirectory, logPath);
    await reopenLog(containerFolder(containers, record.id), logPath);
  }
  return {};
}
