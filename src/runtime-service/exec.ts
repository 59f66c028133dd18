/** Exec: a URL at which a client may run a command in a container. */
import type { ExecRequest, ExecResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { userOnHost } from "../linux/user-namespace.ts";
import { readSpec } from "../oci/bundle.ts";
import { containerFolder, presentHandler } from "../oci/context.ts";
import { exec as run } from "../oci/exec.ts";
import { execProcess } from "../oci/spec/exec.ts";
import { containerIdMappings } from "../sandbox/user-namespace.ts";
import type { CommandSession } from "../streaming/session.ts";
import type { RuntimeServiceContext } from "./context.ts";
import { requestedStreams } from "./requested-streams.ts";
import { runningContainer } from "./running-container.ts";

export function exec(
  { containers, sandboxes, streams: server }: RuntimeServiceContext,
  request: ExecRequest,
): Init<ExecResponse> {
  const { cmd, tty } = request;
  if (cmd.length === 0) throw invalidArgument("cmd", cmd, "it must name a program");
  const requested = requestedStreams(request);
  const record = runningContainer(containers, request.containerId);
  const { id, runtime: handler } = record;
  const session: CommandSession = {
    kind: "exec",
    ...requested,
    async run(streams, signal) {
      // It may have ended since the request.
      runningContainer(containers, id);
      const spec = await readSpec(containerFolder(containers, id));
      const { runtime } = presentHandler(containers, handler);
      const process = execProcess(spec.process, cmd, tty);
      const pipeOwner = userOnHost(containerIdMappings(sandboxes, record), process.user);
      return run({ runtime, id, process, pipeOwner }, streams, signal);
    },
  };
  return { url: server.url(session) };
}
