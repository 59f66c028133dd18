/** Finds the two SPDY streams, error and data, that a port-forward client opens for each connection. */
import { log } from "../log.ts";
import { ResetStatus } from "./spdy/frames.ts";
import type { SpdyStream } from "./spdy/stream.ts";

const PATIENCE_MS = 30_000;

export interface StreamPair {
  port: number;
  data: SpdyStream;
  error: SpdyStream;
}

interface HalfPair {
  stream: SpdyStream;
  patience: NodeJS.Timeout;
}

/** Calls back with each pair once both of its streams are there; a stream whose other does not come in 30 s is reset. */
export class StreamPairs {
  readonly #onPair: (pair: StreamPair) => void;
  /** Streams that wait for their other, by request. */
  readonly #halves = new Map<string, HalfPair>();

  constructor(onPair: (pair: StreamPair) => void) {
    this.#onPair = onPair;
  }

  /** Accepts the stream, or refuses one whose headers make no sense. */
  add(stream: SpdyStream): void {
    const port = portOf(stream);
    const type = typeOf(stream);
    if (port === undefined || type === undefined) {
      refuse(stream);
      return;
    }
    const request = requestOf(stream, type);
    const half = this.#halves.get(request);
    if (half === undefined) {
      stream.reply();
      this.#await(request, stream);
      return;
    }
    const other = half.stream;
    if (typeOf(other) === type || portOf(other) !== port) {
      refuse(stream);
      return;
    }
    stream.reply();
    this.#forget(request);
    this.#onPair(
      type === "data" ? { port, data: stream, error: other } : { port, data: other, error: stream },
    );
  }

  /** Forgets the streams that wait. */
  clear(): void {
    for (const request of [...this.#halves.keys()]) this.#forget(request);
  }

  #await(request: string, stream: SpdyStream): void {
    const patience = setTimeout(() => stream.reset(), PATIENCE_MS).unref();
    this.#halves.set(request, { stream, patience });
    stream.once("close", () => {
      if (this.#halves.get(request)?.stream === stream) this.#forget(request);
    });
  }

  #forget(request: string): void {
    clearTimeout(this.#halves.get(request)?.patience);
    this.#halves.delete(request);
  }
}

function portOf({ headers }: SpdyStream): number | undefined {
  const text = headers.get("port") ?? "";
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65535 ? port : undefined;
}

function typeOf({ headers }: SpdyStream): "data" | "error" | undefined {
  const type = headers.get("streamtype");
  return type === "data" || type === "error" ? type : undefined;
}

/** Clients of old name no request; they open the error stream, then at once the data stream. */
function requestOf({ headers, id }: SpdyStream, type: "data" | "error"): string {
  return headers.get("requestid") || String(type === "error" ? id : id - 2);
}

function refuse(stream: SpdyStream): void {
  log.warn("refused a stream of a port-forward", Object.fromEntries(stream.headers));
  stream.reset(ResetStatus.refusedStream);
}
