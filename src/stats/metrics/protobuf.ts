/** The little of protobuf's wire format that metrics need to be written without a message object for each value. */

/** A field's tag, its number below 16. */
export function fieldTag(field: number, wireType: 0 | 2): number {
  return (field << 3) | wireType;
}

/** A field of wire type 2 with its content. */
export function lengthDelimited(field: number, content: Buffer): Buffer {
  return Buffer.concat([lengthPrefix(field, content.length), content]);
}

export function stringField(field: number, value: string): Buffer {
  return lengthDelimited(field, Buffer.from(value));
}

/** Tag and length of a field whose content, `length` bytes, comes next. */
export function lengthPrefix(field: number, length: number): Buffer {
  const bytes = [fieldTag(field, 2)];
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Any 64-bit number fits into so many bytes. */
export const longestVarint = 10;

/**
 * Writes a whole number from 0 to 2^53 as a varint of exactly `longestVarint` bytes, zeros at its end, which every reader
 * accepts: so another number can take its place.
 */
export function writeLongVarint(target: Buffer, at: number, value: number): void {
  // 28 bits at a time, for operators on bits go to 31 only.
  let low = value % 0x10000000;
  let high = Math.floor(value / 0x10000000);
  for (let byte = 0; byte < 4; byte++, low >>>= 7) target[at + byte] = (low & 0x7f) | 0x80;
  for (let byte = 4; byte < longestVarint - 1; byte++, high >>>= 7) target[at + byte] = (high & 0x7f) | 0x80;
  target[at + longestVarint - 1] = 0;
}

/** Writes the lower 64 bits of a number as a varint of exactly `length` bytes, which must be room enough. */
export function writeBigVarint(target: Buffer, at: number, value: bigint, length: number): void {
  let rest = BigInt.asUintN(64, value);
  for (let byte = 0; byte < length - 1; byte++, rest >>= 7n) target[at + byte] = Number(rest & 0x7fn) | 0x80;
  target[at + length - 1] = Number(rest & 0x7fn);
}
