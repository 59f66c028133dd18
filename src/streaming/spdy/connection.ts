/** The server's side of a SPDY/3.1 connection: streams that a client opens, over one socket. */
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { DataSender } from "./data-sender.ts";
import { FlowControl } from "./flow-control.ts";
import { type DataPiece, type Frame, FrameReader } from "./frame-reader.ts";
import { GoAwayStatus, goAway, ping, ResetStatus, rstStream, synReply, windowUpdate } from "./frames.ts";
import { HeaderDecoder, HeaderEncoder } from "./header-block.ts";
import { ReadingLimits } from "./reading-limits.ts";
import { SpdyStream, type StreamCarrier } from "./stream.ts";

/** What a connection allows and how long it waits; the defaults are for production. */
export interface SpdyOptions {
  /** Open at once; one more is refused. Default 4,096. */
  maxStreams?: number;
  /** How long `end` reads on for the client to close too, in milliseconds. Default 10,000. */
  lingerMs?: number;
  /** How often a client that is not being read from is tried, in milliseconds. Default 5,000. */
  probeMs?: number;
}

/** A client answers no ping with an odd id that it did not send, and Go's do not even wonder. */
const PROBE_ID = 0x7fff_ffff;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/**
 * Emits `stream` for each stream that the client opens, and `close` once, when the socket has closed: with an error when the
 * client broke the protocol or the socket failed, or with that given to `destroy`. Begins to read at once; what came behind
 * an HTTP upgrade belongs back into the socket (`unshift`) before.
 */
export class SpdyConnection extends EventEmitter<{
  stream: [SpdyStream];
  close: [error: Error | undefined];
}> {
  readonly #socket: Duplex;
  readonly #options: Required<SpdyOptions>;
  readonly #reader = new FrameReader();
  readonly #limits = new ReadingLimits();
  readonly #flow = new FlowControl((streamId, delta) => this.#answer(windowUpdate(streamId, delta)));
  readonly #encoder = new HeaderEncoder();
  readonly #decoder = new HeaderDecoder();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #sender: DataSender;
  readonly #closed = Promise.withResolvers<void>();
  readonly #carrier: StreamCarrier;
  #probe: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;
  #lastStreamId = 0;
  #decoding = false;
  #advancing = false;
  #paused = false;
  #ending = false;
  #destroyed = false;
  #error: Error | undefined;

  constructor(socket: Duplex, options: SpdyOptions = {}) {
    super();
    this.#socket = socket;
    this.#options = { maxStreams: 4096, lingerMs: 10_000, probeMs: 5_000, ...options };
    this.#sender = new DataSender(socket, this.#flow);
    this.#carrier = this.#makeCarrier();
    socket.on("data", (chunk: Buffer) => {
      this.#reader.push(chunk);
      this.#advance();
    });
    socket.on("end", () => this.destroy());
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.#onClose());
    if (socket.destroyed) process.nextTick(() => this.#onClose());
  }

  /**
   * Ends every stream's output and, once all of it is with the kernel, the connection in order: reading and discarding what
   * still comes, for a close with input unread would make the kernel take back output that the client has not read yet.
   * Resolves when the connection has closed.
   */
  end(): Promise<void> {
    if (!this.#ending) {
      this.#ending = true;
      this.#limits.lift();
      this.#advance();
      this.#closeInOrder();
    }
    return this.#closed.promise;
  }

  /** Drops the connection with all of its streams. */
  destroy(error?: Error): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#error = error;
    clearInterval(this.#probe);
    clearTimeout(this.#linger);
    this.#decoder.close();
    for (const stream of this.#streams.values())
      stream.destroy(error ?? new Error("the SPDY connection has closed"));
    this.#socket.destroy();
  }

  #onClose(): void {
    this.destroy();
    this.#closed.resolve();
    this.emit("close", this.#error);
  }

  async #closeInOrder(): Promise<void> {
    await Promise.all([...this.#streams.values()].map(endOutput));
    if (this.#destroyed) return;
    this.#socket.write(goAway(this.#lastStreamId, GoAwayStatus.ok));
    this.#socket.end(() => {
      if (!this.#destroyed) this.#linger = setTimeout(() => this.destroy(), this.#options.lingerMs);
    });
  }

  /** Handles frames for as long as nothing speaks against it. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    // What is answered meanwhile goes out in one system call.
    this.#socket.cork();
    try {
      while (!this.#isHeld) {
        const frame = this.#reader.next();
        if (!frame) break;
        this.#handle(frame);
      }
    } catch (error) {
      this.#fail(error as Error);
    } finally {
      this.#socket.uncork();
      this.#advancing = false;
    }
    this.#regulate();
  }

  get #isHeld(): boolean {
    return this.#destroyed || this.#decoding || this.#limits.reached;
  }

  /** Reads the socket, or leaves what comes to the kernel, which then holds the client back. */
  #regulate(): void {
    if (this.#destroyed || this.#paused === this.#isHeld) return;
    this.#paused = this.#isHeld;
    if (!this.#paused) {
      this.#socket.resume();
      return;
    }
    this.#socket.pause();
    this.#probe ??= setInterval(() => this.#tryClient(), this.#options.probeMs).unref();
  }

  /** Only writing tells that a client is gone while nothing is read from it; there is no other event for it in Node.js. */
  #tryClient(): void {
    if (this.#paused && this.#socket.writableLength === 0) this.#socket.write(ping(PROBE_ID));
  }

  #handle(frame: Frame): void {
    switch (frame.kind) {
      case "data":
        this.#onData(frame);
        break;
      case "syn-stream":
        this.#decode(frame.headerBlock, (headers) => this.#onSynStream(frame, headers));
        break;
      case "syn-reply":
        this.#decode(frame.headerBlock, () =>
          this.#answer(rstStream(frame.streamId, ResetStatus.invalidStream)),
        );
        break;
      case "headers":
        this.#decode(frame.headerBlock, () => {
          if (frame.fin) this.#streams.get(frame.streamId)?.receiveFin();
        });
        break;
      case "rst-stream":
        this.#streams.get(frame.streamId)?.receiveReset(frame.status);
        break;
      case "ping":
        if (frame.id % 2 === 1) this.#answer(ping(frame.id));
        break;
      case "settings":
        if (frame.initialWindow !== undefined) this.#flow.resize(frame.initialWindow);
        this.#sender.sendWaiting();
        break;
      case "window-update":
        this.#flow.enlarge(frame.streamId, frame.delta);
        this.#sender.sendWaiting();
        break;
      default: // GOAWAY asks nothing of a side that opens no streams.
    }
  }

  #onData({ streamId, payload, last, fin }: DataPiece): void {
    const stream = this.#streams.get(streamId);
    if (stream && !this.#ending) {
      stream.receive(payload);
      if (fin) stream.receiveFin();
      return;
    }
    this.#flow.consumed(streamId, payload.length);
    // That of a stream which has closed meanwhile may have been on its way.
    const neverOpened = streamId > this.#lastStreamId || streamId % 2 === 0;
    if (last && neverOpened) this.#answer(rstStream(streamId, ResetStatus.invalidStream));
  }

  #onSynStream(
    frame: { streamId: number; fin: boolean; unidirectional: boolean },
    headers: ReadonlyMap<string, string>,
  ): void {
    const { streamId } = frame;
    if (streamId % 2 === 0 || streamId <= this.#lastStreamId)
      throw new Error(`a SPDY client opened stream ${streamId} after ${this.#lastStreamId}`);
    this.#lastStreamId = streamId;
    const full = this.#streams.size >= this.#options.maxStreams;
    if (full || frame.unidirectional || this.#ending || this.listenerCount("stream") === 0) {
      this.#answer(rstStream(streamId, ResetStatus.refusedStream));
      return;
    }
    const stream = new SpdyStream(this.#carrier, streamId, headers);
    this.#streams.set(streamId, stream);
    this.#flow.open(streamId);
    if (frame.fin) stream.receiveFin();
    this.emit("stream", stream);
  }

  /** Blocks continue one another, so no frame is handled before this one is decoded. */
  #decode(block: Buffer, use: (headers: ReadonlyMap<string, string>) => void): void {
    this.#decoding = true;
    this.#decoder
      .decode(block)
      .then((headers) => {
        this.#decoding = false;
        if (this.#destroyed) return;
        use(headers);
        this.#advance();
      })
      .catch((error: Error) => this.#fail(error));
  }

  #fail(error: Error): void {
    if (this.#destroyed) return;
    this.#socket.write(goAway(this.#lastStreamId, GoAwayStatus.protocolError));
    this.destroy(error);
  }

  /** Writes a frame that the client made us write; one that asks without reading the answers is not heard any more. */
  #answer(frame: Buffer): void {
    if (this.#destroyed || this.#socket.writableEnded) return;
    this.#limits.answers += frame.length;
    this.#socket.write(frame, () => {
      this.#limits.answers -= frame.length;
      if (this.#paused) this.#advance();
    });
  }

  #makeCarrier(): StreamCarrier {
    return {
      sendReply: (streamId) => this.#answer(synReply(streamId, this.#encoder.encode(NO_HEADERS))),
      sendReset: (streamId, status) => this.#answer(rstStream(streamId, status)),
      sendData: (streamId, payload, done) => this.#sender.send(streamId, payload, done),
      sendFin: (streamId, done) => this.#sender.sendFin(streamId, done),
      noteReading: (stream, consumed, held) => {
        if (consumed !== 0) this.#flow.consumed(stream.id, consumed);
        if (held !== 0) this.#limits.note(stream, held);
        if (this.#paused) this.#advance();
      },
      forget: (stream) => {
        this.#streams.delete(stream.id);
        this.#flow.close(stream.id);
        this.#sender.forget(stream.id);
      },
    };
  }
}

/** Settles when all that was written to the stream is with the socket, or never will be. */
function endOutput(stream: SpdyStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (stream.writableFinished || stream.closed) resolve();
  stream.once("finish", resolve).once("close", resolve);
  if (!stream.writableEnded) stream.end();
  return promise;
}
