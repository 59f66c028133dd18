/** How a command ended, as the protocols' error stream tells it: JSON since v4.channel.k8s.io, text before. */
import { messageOf } from "../cri/status-error.ts";
import type { CommandSession, CommandStreams } from "./session.ts";

/** The command's own exit code, or why there is none. */
export type Outcome = { exitCode: number } | { error: unknown };

/** Runs the session's command to its end; a failure is an outcome too. */
export async function outcomeOf(
  session: CommandSession,
  streams: CommandStreams,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    return await session.run(streams, signal);
  } catch (error) {
    return { error };
  }
}

/** A Status of meta.k8s.io/v1, as the error stream of protocol v4 and later carries it. */
export function outcomeAsStatus(outcome: Outcome): string {
  if ("error" in outcome) {
    const message = messageOf(outcome.error);
    return JSON.stringify({
      metadata: {},
      status: "Failure",
      message: `Internal error occurred: ${message}`,
      reason: "InternalError",
      details: { causes: [{ message }] },
      code: 500,
    });
  }
  if (outcome.exitCode === 0) return JSON.stringify({ metadata: {}, status: "Success" });
  return JSON.stringify({
    metadata: {},
    status: "Failure",
    message: exitMessage(outcome.exitCode),
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(outcome.exitCode) }] },
  });
}

/** What the error stream of protocols before v4 carries: nothing for success. */
export function outcomeAsText(outcome: Outcome): string {
  if ("error" in outcome) return messageOf(outcome.error);
  return outcome.exitCode === 0 ? "" : exitMessage(outcome.exitCode);
}

function exitMessage(exitCode: number): string {
  return `command terminated with non-zero exit code: exit status ${exitCode}`;
}
