/** One session over its client's connection, to the end of both: idleness, the client's going, a line in the log. */
import type { Socket } from "node:net";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { isClientGone } from "./client-gone.ts";
import type { ObservedSession } from "./observed-session.ts";
import type { Upgrade } from "./upgrade.ts";

/** Finds out about a client whose machine has vanished. */
const KEEP_ALIVE_MS = 15_000;
/** How long a client may go without taking what is left for it once its session is over. */
const LINGER_MS = 5000;

export interface Connected {
  socket: Socket;
  /** Ends the session when aborted; it is, with an Error that says so, when the client is gone. */
  ending: AbortController;
  /** Milliseconds without a byte either way after which the connection is closed; 0 for ever. */
  idleTimeout: number;
}

/** Serves the session until it is over and its connection is closed. Never rejects. */
export async function serveSession(
  observed: ObservedSession,
  { protocol, serve }: Upgrade,
  { socket, ending, idleTimeout }: Connected,
): Promise<void> {
  const started = performance.now();
  let failure: unknown;
  let level: "info" | "warn" = "info";
  let over = false;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.once("close", () => ending.abort(new Error("the client is gone")));
  socket.on("error", (error) => {
    if (!isClientGone(error)) failure ??= error;
  });
  // Keystrokes must not wait for one another.
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.setTimeout(idleTimeout, () => {
    if (!over) failure ??= idle(idleTimeout);
    socket.destroy();
  });
  try {
    await serve(ending.signal);
  } catch (error) {
    if (failure === undefined && error !== ending.signal.reason) level = "warn";
    failure ??= error;
  }
  over = true;
  socket.setTimeout(LINGER_MS);
  socket.destroySoon();
  await closed;
  const { session, outcome } = observed;
  const failed = outcome && "error" in outcome ? outcome.error : undefined;
  const error = failure ?? failed;
  log[level]("stream ended", {
    kind: session.kind,
    protocol,
    duration_ms: Math.round(performance.now() - started),
    exit_code: outcome && "exitCode" in outcome ? outcome.exitCode : undefined,
    error: error === undefined ? undefined : messageOf(error),
  });
}

function idle(timeout: number): Error {
  return new Error(`no byte came or went for ${timeout / 1000} s (crio.api.stream_idle_timeout)`);
}
