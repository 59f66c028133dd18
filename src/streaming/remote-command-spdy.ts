/** Exec and attach over SPDY: the client opens a stream for each of the command's, one for the outcome, one for sizes. */
import { log } from "../log.ts";
import { type CommandProtocol, versionOf } from "./negotiation.ts";
import { outcomeAsStatus, outcomeAsText, outcomeOf } from "./outcome.ts";
import type { CommandSession } from "./session.ts";
import type { SpdyConnection } from "./spdy/connection.ts";
import { ResetStatus } from "./spdy/frames.ts";
import type { SpdyStream } from "./spdy/stream.ts";
import { TerminalSizes } from "./terminal-sizes.ts";

/** How long a client may take to open its streams. */
const OPENING_MS = 30_000;

/** The header `streamtype` of a client's stream. */
type StreamType = "error" | "stdin" | "stdout" | "stderr" | "resize";
type Streams = Partial<Record<StreamType, SpdyStream>>;

/**
 * Runs the session's command with the client's streams, tells the client how it ended, and closes the connection.
 * `signal` is aborted when the client is gone, or has to go.
 * Rejects when the client does not open its streams.
 */
export async function serveCommandOverSpdy(
  session: CommandSession,
  connection: SpdyConnection,
  protocol: CommandProtocol,
  signal: AbortSignal,
): Promise<void> {
  const version = versionOf(protocol);
  const streams = await openedStreams(connection, expectedTypes(session, version), signal);
  const { stdin, stdout, stderr, error, resize } = streams;
  const sizes = new TerminalSizes();
  if (resize) readSizes(resize, sizes);
  // What a client sends on these means nothing, but unread it would hold up the rest.
  for (const output of [stdout, stderr, error]) output?.resume();
  // Clients of version 1 wait for it.
  if (version === 1) stdin?.end();

  const onResize = sizes.onResize.bind(sizes);
  const outcome = await outcomeOf(session, { stdin, stdout, stderr, onResize }, signal);
  stdout?.end();
  stderr?.end();
  error?.end(version >= 4 ? outcomeAsStatus(outcome) : outcomeAsText(outcome));
  await connection.end();
}

/** Terminals can be resized since version 3. */
function expectedTypes({ stdin, stdout, stderr, tty }: CommandSession, version: number): StreamType[] {
  const types: StreamType[] = ["error"];
  if (stdin) types.push("stdin");
  if (stdout) types.push("stdout");
  if (stderr) types.push("stderr");
  if (tty && version >= 3) types.push("resize");
  return types;
}

/** Resolves once the client has opened a stream of each type; others are refused, now and later. */
async function openedStreams(
  connection: SpdyConnection,
  types: readonly StreamType[],
  signal: AbortSignal,
): Promise<Streams> {
  const streams: Streams = {};
  const missing = new Set(types);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let refused = 0;
  connection.on("stream", (stream) => {
    const type = stream.headers.get("streamtype") as StreamType;
    if (!missing.delete(type)) {
      stream.reset(ResetStatus.refusedStream);
      // Once: a client that goes on like this must not fill the log.
      if (refused++ === 0)
        log.warn("a stream that was not expected is refused", { streamtype: type, expected: types });
      return;
    }
    stream.reply();
    streams[type] = stream;
    if (missing.size === 0) resolve();
  });
  const patience = setTimeout(
    () =>
      reject(new Error(`the client did not open ${[...missing].join(", ")} within ${OPENING_MS / 1000} s`)),
    OPENING_MS,
  );
  const leave = () => reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  try {
    await promise;
    return streams;
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    clearTimeout(patience);
    signal.removeEventListener("abort", leave);
  }
}

function readSizes(resize: SpdyStream, sizes: TerminalSizes): void {
  resize.on("data", (chunk: Buffer) => {
    try {
      sizes.feed(chunk);
    } catch (error) {
      log.warn("a client's terminal can no longer be resized", { error });
      resize.reset(ResetStatus.protocolError);
    }
  });
}
