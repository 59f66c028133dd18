/** HTTP/2 frames (RFC 9113), right or wrong, as bytes. */

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const Type = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const END_STREAM = 1;
export const END_HEADERS = 4;

/** `length` is what the header says where that is not the payload's. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
  length = payload.length,
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(length % 2 ** 24, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

export const settings = (...pairs: [id: number, value: number][]): Buffer =>
  frame(Type.SETTINGS, 0, 0, Buffer.concat(pairs.map(([id, value]) => setting(id, value))));

function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

export const ping = (): Buffer => frame(Type.PING, 0, 0, Buffer.alloc(8, "p"));
export const reset = (stream: number): Buffer => frame(Type.RST_STREAM, 0, stream, number32(8));
export const windowUpdate = (stream: number, increment: number): Buffer =>
  frame(Type.WINDOW_UPDATE, 0, stream, number32(increment));

export function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Header fields in HPACK (RFC 7541), literal, without index and Huffman's code. */
export function hpack(headers: readonly (readonly [name: string, value: string])[]): Buffer {
  const text = (value: string) => [
    hpackNumber(Buffer.byteLength(value, "latin1"), 7),
    Buffer.from(value, "latin1"),
  ];
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), ...text(name), ...text(value)]));
}

function hpackNumber(value: number, prefixBits: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([value]);
  const bytes = [most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** The headers of a call; `changes` replace those of their names, and an undefined one leaves it out. */
export function callHeaders(
  path = "/runtime.v1.RuntimeService/Version",
  changes: Record<string, string | undefined> = {},
): [string, string][] {
  const headers: Record<string, string | undefined> = {
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "localhost",
    "content-type": "application/grpc",
    te: "trailers",
    ...changes,
  };
  return Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
}

export const headers = (stream: number, block: Buffer, flags: number = END_HEADERS): Buffer =>
  frame(Type.HEADERS, flags, stream, block);
export const data = (stream: number, payload: Buffer, flags: number = END_STREAM): Buffer =>
  frame(Type.DATA, flags, stream, payload);

/** A message with gRPC's prefix; `length` and `flag` may be wrong. */
export function grpcMessage(message: Buffer, length = message.length, flag = 0): Buffer {
  return Buffer.concat([Buffer.from([flag]), number32(length), message]);
}

/** The headers of a right call, encoded. */
export const callBlock = hpack(callHeaders());

/** A whole call with a message without fields. */
export function call(stream: number, block = callBlock): Buffer {
  return Buffer.concat([headers(stream, block), data(stream, emptyMessage)]);
}

const emptyMessage = grpcMessage(Buffer.alloc(0));

/** What a client begins with. */
export const opening = (): Buffer => Buffer.concat([PREFACE, settings()]);
