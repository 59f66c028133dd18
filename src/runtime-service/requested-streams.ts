/** What Exec and Attach are asked to connect a client with. */
import type { ExecRequest } from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";

export type RequestedStreams = Pick<ExecRequest, "stdin" | "stdout" | "stderr" | "tty">;

/** INVALID_ARGUMENT for a combination that the CRI rules out. */
export function requestedStreams({ stdin, stdout, stderr, tty }: RequestedStreams): RequestedStreams {
  if (!stdin && !stdout && !stderr) {
    throw invalidArgument("stdout", stdout, "one of stdin, stdout and stderr must be true");
  }
  if (tty && stderr) throw invalidArgument("stderr", stderr, "with tty all output is stdout's");
  return { stdin, stdout, stderr, tty };
}
