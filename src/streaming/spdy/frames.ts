/** What SPDY/3.1 frames are made of, and the encoding of those that a server sends. */

/** Of control frames. */
export const FrameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

/** Of SYN_STREAM, SYN_REPLY, HEADERS and data frames. */
export const FLAG_FIN = 1;
/** Of SYN_STREAM: the receiver may not send. */
export const FLAG_UNIDIRECTIONAL = 2;

/** Why a stream is reset; RST_STREAM's status codes. */
export const ResetStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  unsupportedVersion: 4,
  cancel: 5,
  internalError: 6,
  flowControlError: 7,
} as const;

/** Why a connection ends; GOAWAY's status codes. */
export const GoAwayStatus = { ok: 0, protocolError: 1 } as const;

/** SETTINGS' id of a new stream's window, in bytes. */
export const SETTING_INITIAL_WINDOW = 7;

export const VERSION = 3;
/** Of every frame: a word that names stream or type, a byte of flags, three bytes of length. */
export const HEADER_BYTES = 8;
export const CONTROL_BIT = 0x8000_0000;
/** Stream ids, window sizes and their differences have 31 bits. */
export const MAX_31_BITS = 0x7fff_ffff;

/** The header of a data frame with a payload of `length` bytes. */
export function dataHeader(streamId: number, length: number, fin: boolean): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32BE(streamId, 0);
  header.writeUInt32BE(((fin ? FLAG_FIN : 0) << 24) | length, 4);
  return header;
}

export function synReply(streamId: number, headerBlock: Buffer): Buffer {
  return control(FrameType.synReply, words(streamId), headerBlock);
}

export function rstStream(streamId: number, status: number): Buffer {
  return control(FrameType.rstStream, words(streamId, status));
}

export function ping(id: number): Buffer {
  return control(FrameType.ping, words(id));
}

export function goAway(lastStreamId: number, status: number): Buffer {
  return control(FrameType.goAway, words(lastStreamId, status));
}

/** Stream 0 is the whole connection. */
export function windowUpdate(streamId: number, delta: number): Buffer {
  return control(FrameType.windowUpdate, words(streamId, delta));
}

/** A whole control frame. */
export function control(type: number, ...payload: Buffer[]): Buffer {
  return controlWithFlags(type, 0, ...payload);
}

export function controlWithFlags(type: number, flags: number, ...payload: Buffer[]): Buffer {
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  const header = words(CONTROL_BIT + VERSION * 0x1_0000 + type, flags * 0x100_0000 + length);
  return Buffer.concat([header, ...payload]);
}

/** Big-endian words of 32 bits. */
export function words(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4);
  });
  return bytes;
}
