/** Port-forward over SPDY/3.1, protocol portforward.k8s.io: each TCP connection is a pair of streams, data and error. */
import { once } from "node:events";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import type { PortForwardSession } from "./session.ts";
import type { SpdyConnection } from "./spdy/connection.ts";
import type { SpdyStream } from "./spdy/stream.ts";
import { type StreamPair, StreamPairs } from "./stream-pairs.ts";

/**
 * Serves the client's connections until it closes the last one's carrier, or `signal` is aborted; then every socket is
 * destroyed. A port that cannot be reached is reported on the pair's error stream and ends nothing else.
 */
export async function servePortForward(
  session: PortForwardSession,
  connection: SpdyConnection,
  signal: AbortSignal,
): Promise<void> {
  const closed = once(connection, "close");
  const leave = new AbortController();
  const abort = () => connection.destroy();
  signal.addEventListener("abort", abort, { once: true });
  const targets = new Set<Duplex>();
  const pairs = new StreamPairs((pair) => {
    forward(session, pair, targets, leave.signal);
  });
  connection.on("stream", (stream) => pairs.add(stream));
  if (signal.aborted) abort();
  await closed;
  signal.removeEventListener("abort", abort);
  leave.abort();
  pairs.clear();
  for (const target of targets) target.destroy();
}

async function forward(
  session: PortForwardSession,
  { port, data, error }: StreamPair,
  targets: Set<Duplex>,
  signal: AbortSignal,
): Promise<void> {
  // The client ends its half without a word.
  error.resume();
  let target: Duplex;
  try {
    target = await session.connect(port, signal);
  } catch (cause) {
    if (!signal.aborted)
      log.warn("cannot forward a port", { pod: session.pod, port, error: messageOf(cause) });
    error.end(`cannot forward port ${port} to pod ${session.pod}: ${messageOf(cause)}`);
    data.destroy();
    return;
  }
  targets.add(target);
  target.once("close", () => targets.delete(target));
  join(data, target);
  if (!data.closed) await new Promise((resolve) => data.once("close", resolve));
  error.end();
}

/** Carries bytes both ways until both have ended; what ends one side before that, ends the other. */
function join(data: SpdyStream, target: Duplex): void {
  if (data.destroyed) {
    target.destroy();
    return;
  }
  target.on("error", () => {}); // its close says all there is to tell
  target.once("close", () => {
    if (target.readableEnded) data.resume();
    else data.destroy();
  });
  data.once("close", () => {
    if (data.readableEnded && data.writableFinished) return;
    // Go's clients reset the stream of every connection once the pod has ended its side.
    if (target.readableEnded) target.destroy();
    else reset(target);
  });
  data.pipe(target);
  target.pipe(data);
}

/** So that the other side does not take a connection cut off for one that ended. */
function reset(target: Duplex): void {
  if (target instanceof Socket) target.resetAndDestroy();
  else target.destroy();
}
