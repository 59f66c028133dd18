/** A stream of a SPDY/3.1 connection, opened by the client, as a Duplex whose halves end apart. */
import { Duplex } from "node:stream";
import type { WriteDone } from "./data-sender.ts";
import { ResetStatus } from "./frames.ts";

/** What waits in a stream for its reader before the connection stops reading, in bytes. */
export const MAX_UNREAD_BYTES = 256 * 1024;
/** What waits in a stream to be sent: with chunks of this size, one. */
const MAX_UNSENT_BYTES = 64 * 1024;
/** Of memory, that a piece of data costs besides its bytes. */
const PIECE_OVERHEAD = 128;
/** A smaller piece is copied, so that it does not keep the whole chunk that it came in. */
const MIN_SHARED_BYTES = 4096;

/** What a stream asks of its connection. */
export interface StreamCarrier {
  sendReply(streamId: number): void;
  sendData(streamId: number, payload: Buffer, done: WriteDone): void;
  sendFin(streamId: number, done: WriteDone): void;
  sendReset(streamId: number, status: number): void;
  /** Of what the stream received, `consumed` bytes were read, and what it holds has changed by `held` bytes of memory. */
  noteReading(stream: SpdyStream, consumed: number, held: number): void;
  forget(stream: SpdyStream): void;
}

/**
 * Emits `error` when the client resets it or the connection is lost; that an error is not listened for harms nobody. One that
 * is destroyed before both of its halves have ended is reset.
 */
export class SpdyStream extends Duplex {
  readonly id: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly #carrier: StreamCarrier;
  #replied = false;
  #finSent = false;
  #finReceived = false;
  #resetByPeer = false;
  #resetStatus: number = ResetStatus.cancel;
  #unread = 0;
  /** Since there was nothing to read. */
  #pieces = 0;
  #held = 0;

  /** Streams are made by their connection. */
  constructor(carrier: StreamCarrier, id: number, headers: ReadonlyMap<string, string>) {
    super({ readableHighWaterMark: MAX_UNREAD_BYTES, writableHighWaterMark: MAX_UNSENT_BYTES });
    this.#carrier = carrier;
    this.id = id;
    this.headers = headers;
    this.on("error", () => {});
  }

  /** Accepts the stream; the first write or end does so too. */
  reply(): void {
    if (this.#replied || this.destroyed) return;
    this.#replied = true;
    this.#carrier.sendReply(this.id);
  }

  /** Ends both halves at once and tells the client why (`ResetStatus`). */
  reset(status: number = ResetStatus.cancel): void {
    this.#resetStatus = status;
    this.destroy();
  }

  /** Bytes of memory that wait for the reader. */
  get held(): number {
    return this.#held;
  }

  /** From the connection: data has arrived. */
  receive(payload: Buffer): void {
    if (this.#finReceived || this.destroyed || payload.length === 0) {
      this.#carrier.noteReading(this, payload.length, 0);
      return;
    }
    this.#pieces++;
    this.push(payload.length < MIN_SHARED_BYTES ? Buffer.from(payload) : payload);
    this.#noteReading(payload.length);
  }

  /** From the connection: the client's half has ended. */
  receiveFin(): void {
    if (this.#finReceived || this.destroyed) return;
    this.#finReceived = true;
    this.push(null);
  }

  /** From the connection: the client has reset the stream. */
  receiveReset(status: number): void {
    this.#resetByPeer = true;
    this.destroy(new Error(`the client reset SPDY stream ${this.id} (status ${status})`));
  }

  override read(size?: number): unknown {
    const chunk: unknown = super.read(size);
    if (chunk !== null) this.#noteReading(0);
    return chunk;
  }

  override _read(): void {
    // Data is pushed as it arrives.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteDone): void {
    this.reply();
    this.#carrier.sendData(this.id, chunk, done);
  }

  /** Small writes that waited become one frame. */
  override _writev(writes: { chunk: Buffer }[], done: WriteDone): void {
    const chunks = writes.map((write) => write.chunk);
    this._write(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), "binary", done);
  }

  override _final(done: WriteDone): void {
    this.reply();
    this.#finSent = true;
    this.#carrier.sendFin(this.id, done);
  }

  override _destroy(error: Error | null, done: WriteDone): void {
    const ended = this.#finSent && this.#finReceived;
    if (!ended && !this.#resetByPeer) this.#carrier.sendReset(this.id, this.#resetStatus);
    const held = this.#held;
    this.#held = 0;
    this.#carrier.noteReading(this, this.#unread, -held);
    this.#unread = 0;
    this.#carrier.forget(this);
    done(error);
  }

  #noteReading(received: number): void {
    if (this.destroyed) return;
    const unread = this.readableLength;
    if (unread === 0) this.#pieces = 0;
    const held = unread + this.#pieces * PIECE_OVERHEAD;
    const consumed = this.#unread + received - unread;
    const change = held - this.#held;
    this.#unread = unread;
    this.#held = held;
    this.#carrier.noteReading(this, consumed, change);
  }
}
