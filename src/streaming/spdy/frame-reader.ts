/** Finds the frames in what a SPDY/3.1 client sends, however it arrives; data is handed on in pieces, never collected. */
import { type ControlFrame, decodeControlFrame } from "./control-frame.ts";
import { CONTROL_BIT, FLAG_FIN, HEADER_BYTES, MAX_31_BITS } from "./frames.ts";

/** Of a control frame's payload, in bytes. */
const MAX_CONTROL_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/** A part of a data frame, or all of it. */
export interface DataPiece {
  kind: "data";
  streamId: number;
  payload: Buffer;
  /** Whether the frame ends with this piece. */
  last: boolean;
  /** Whether the stream does. */
  fin: boolean;
}

export type Frame = DataPiece | ControlFrame;

/** Feed it by `push`, then take what there is by `next`. */
export class FrameReader {
  /** What was pushed and not yet taken. */
  #chunk: Buffer = NOTHING;
  /** The header of the frame under way, once all of it is there. */
  #header: Buffer | undefined;
  /** What is still to come of the data frame under way, in bytes. */
  #remaining = 0;
  /** A header or a control frame's payload that arrives in parts, and how much of it is there. */
  #partial: Buffer | undefined;
  #filled = 0;

  push(chunk: Buffer): void {
    this.#chunk = this.#chunk.length === 0 ? chunk : Buffer.concat([this.#chunk, chunk]);
  }

  /** The next frame or piece; nothing until more is pushed. Throws when no frame begins like this. */
  next(): Frame | undefined {
    this.#header ??= this.#nextHeader();
    if (this.#header === undefined) return undefined;
    return this.#header[0]! & 0x80 ? this.#controlFrame(this.#header) : this.#dataPiece(this.#header);
  }

  #nextHeader(): Buffer | undefined {
    const header = this.#take(HEADER_BYTES);
    if (header) this.#remaining = lengthOf(header);
    return header;
  }

  #controlFrame(header: Buffer): ControlFrame | undefined {
    const length = lengthOf(header);
    if (length > MAX_CONTROL_BYTES) throw new Error(`a SPDY control frame of ${length} bytes`);
    const payload = this.#take(length);
    if (!payload) return undefined;
    this.#header = undefined;
    const word = header.readUInt32BE(0) - CONTROL_BIT;
    return decodeControlFrame(word >>> 16, word & 0xffff, header[4]!, payload);
  }

  #dataPiece(header: Buffer): DataPiece | undefined {
    if (this.#chunk.length === 0 && this.#remaining > 0) return undefined;
    const payload = this.#chunk.subarray(0, this.#remaining);
    this.#chunk = this.#chunk.subarray(payload.length);
    this.#remaining -= payload.length;
    const last = this.#remaining === 0;
    if (last) this.#header = undefined;
    const streamId = header.readUInt32BE(0) & MAX_31_BITS;
    return { kind: "data", streamId, payload, last, fin: last && (header[4]! & FLAG_FIN) !== 0 };
  }

  /** The next `length` bytes, once all of them are there. */
  #take(length: number): Buffer | undefined {
    if (this.#partial === undefined && this.#chunk.length >= length) return this.#cut(length);
    this.#partial ??= Buffer.allocUnsafe(length);
    const part = this.#cut(Math.min(length - this.#filled, this.#chunk.length));
    this.#filled += part.copy(this.#partial, this.#filled);
    if (this.#filled < length) return undefined;
    const whole = this.#partial;
    this.#partial = undefined;
    this.#filled = 0;
    return whole;
  }

  #cut(length: number): Buffer {
    const part = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return part;
  }
}

function lengthOf(header: Buffer): number {
  return header.readUIntBE(5, 3);
}
