/** Exec: a URL at which a client may run a command in a container. */
import type { ExecRequest, ExecResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { readSpec } from "../oci/bundle.ts";
import { containerFolder, presentHandler } from "../oci/context.ts";
import { exec as run } from "../oci/exec.ts";
import { execProcess } from "../oci/spec/exec.ts";
import type { CommandSession } from "../streaming/session.ts";
import type { RuntimeServiceContext } from "./context.ts";
import { requestedStreams } from "./requested-streams.ts";
import { runningContainer } from "./running-container.ts";

export function exec(
  { containers, streams: server }: RuntimeServiceContext,
  request: ExecRequest,
): Init<ExecResponse> {
  const { cmd, tty } = request;
  if (cmd.length === 0) throw invalidArgument("cmd", cmd, "it must name a program");
  const requested = requestedStreams(request);
  const { id, runtime: handler } = runningContainer(containers, request.containerId);
  const session: CommandSession = {
    kind: "exec",
    ...requested,
    async run(streams, signal) {
      // It may have ended since the request.
      runningContainer(containers, id);
      const spec = await readSpec(containerFolder(containers, id));
      const { runtime } = presentHandler(containers, handler);
      return run({ runtime, id, process: execProcess(spec.process, cmd, tty) }, streams, signal);
    },
  };
  return { url: server.url(session) };
}
