/** Attach: a URL at which a client may follow a container's output, and type into it. */
import type { AttachRequest, AttachResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { failedPrecondition } from "../cri/status-error.ts";
import { attach as connect } from "../oci/attach.ts";
import { containerFolder } from "../oci/context.ts";
import type { CommandSession } from "../streaming/session.ts";
import type { RuntimeServiceContext } from "./context.ts";
import { requestedStreams } from "./requested-streams.ts";
import { runningContainer } from "./running-container.ts";

export function attach(
  { containers, streams: server }: RuntimeServiceContext,
  request: AttachRequest,
): Init<AttachResponse> {
  const requested = requestedStreams(request);
  const { id } = runningContainer(containers, request.containerId);
  const session: CommandSession = {
    kind: "attach",
    ...requested,
    async run({ stdin, ...outputs }, signal) {
      const { process, config } = runningContainer(containers, id);
      if (!process) throw failedPrecondition(`container ${id} has no process to attach to`);
      // A container that was made without stdin hears nothing of what is typed, as with the peers.
      if (!config.stdin) stdin?.resume();
      const streams = config.stdin ? { stdin, ...outputs } : outputs;
      await connect({ bundle: containerFolder(containers, id), process, tty: config.tty }, streams, signal);
      // Of an attach the client learns that it is over; the container's exit code is in its status.
      return { exitCode: 0 };
    },
  };
  return { url: server.url(session) };
}
