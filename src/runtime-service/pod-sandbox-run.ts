/** RunPodSandbox: makes a pod sandbox and starts it. */
import type { RunPodSandboxRequest, RunPodSandboxResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { addLogFields } from "../log.ts";
import { runPodSandbox } from "../sandbox/run.ts";
import { validatePodSandbox } from "../sandbox/validate.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function podSandboxRun(
  { sandboxes }: RuntimeServiceContext,
  { config, runtimeHandler }: RunPodSandboxRequest,
): Promise<Init<RunPodSandboxResponse>> {
  validatePodSandbox(config);
  addLogFields({ pod: config.metadata?.name, namespace: config.metadata?.namespace });
  const record = await runPodSandbox(sandboxes, config, runtimeHandler);
  addLogFields({ pod_id: record.id });
  return { podSandboxId: record.id };
}
