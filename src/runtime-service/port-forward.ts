/** PortForward: a URL at which a client may connect to ports of a pod. */
import type { PortForwardRequest, PortForwardResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { failedPrecondition, invalidArgument } from "../cri/status-error.ts";
import { addLogFields } from "../log.ts";
import type { SandboxContext } from "../sandbox/context.ts";
import { sandboxState } from "../sandbox/messages.ts";
import { connectToPod } from "../sandbox/port-forward.ts";
import type { PodSandboxRecord } from "../sandbox/record.ts";
import type { PortForwardSession } from "../streaming/session.ts";
import type { RuntimeServiceContext } from "./context.ts";

const HIGHEST_PORT = 65_535;

export function portForward(
  { sandboxes, streams }: RuntimeServiceContext,
  request: PortForwardRequest,
): Init<PortForwardResponse> {
  for (const [index, port] of request.port.entries()) {
    if (port >= 1 && port <= HIGHEST_PORT) continue;
    throw invalidArgument(`port[${index}]`, port, `it must be from 1 to ${HIGHEST_PORT}`);
  }
  const { id } = readyPod(sandboxes, request.podSandboxId);
  const session: PortForwardSession = {
    kind: "portforward",
    ports: request.port,
    pod: id,
    // It may have been stopped since the request.
    connect: async (port, signal) => connectToPod(sandboxes, readyPod(sandboxes, id), port, signal),
  };
  return { url: streams.url(session) };
}

function readyPod({ store }: SandboxContext, id: string): PodSandboxRecord {
  const record = store.get(id);
  addLogFields({ pod_id: record.id });
  if (record.phase === "ready") return record;
  throw failedPrecondition(`pod sandbox ${record.id} is in state ${sandboxState(record)}, not ready`);
}
