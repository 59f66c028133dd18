/** Messages in the encoding of protocol buffers, field by field, so that they may be wrong in any way. */
import type { MessageShape } from "../../src/cri/message-shape.ts";

/** A field as it stands on the wire; one that holds a message has its fields. */
export interface WireField {
  number: number;
  /** 0 varint, 1 eight bytes, 2 length and bytes, 3 and 4 the ends of a group, 5 four bytes. */
  wireType: number;
  value: bigint | Buffer | WireField[];
  /** The length that is written, where it is to be a wrong one. */
  length?: number;
}

/** The numbers of eight, or of less, bytes that a varint has. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const more = rest > 0x7fn ? 0x80 : 0;
    bytes.push(Number(rest & 0x7fn) | more);
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

export function encodeFields(fields: readonly WireField[]): Buffer {
  return Buffer.concat(fields.flatMap(encodeField));
}

function encodeField({ number, wireType, value, length }: WireField): Buffer[] {
  const tag = varint((BigInt(number) << 3n) | BigInt(wireType));
  if (typeof value === "bigint") return [tag, fixedOrVarint(wireType, value)];
  const bytes = Buffer.isBuffer(value) ? value : encodeFields(value);
  return wireType === 2 ? [tag, varint(BigInt(length ?? bytes.length)), bytes] : [tag, bytes];
}

function fixedOrVarint(wireType: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  if (wireType === 1) return bytes;
  return wireType === 5 ? bytes.subarray(0, 4) : varint(value);
}

/** The fields of a message that is right. */
export function decodeFields(shape: MessageShape | undefined, bytes: Buffer): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const read = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(read());
    const [number, wireType] = [tag >>> 3, tag & 7];
    const field = shape?.fields.get(number);
    if (wireType === 0) fields.push({ number, wireType, value: read() });
    else if (wireType === 2) {
      const content = take(Number(read()));
      const value = field?.message ? decodeFields(field.message, content) : content;
      fields.push({ number, wireType, value });
    } else {
      fields.push({ number, wireType, value: take(wireType === 1 ? 8 : 4) });
    }
  }
  return fields;
}
