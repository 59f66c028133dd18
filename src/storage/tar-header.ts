/** The 512-byte header block of a tar archive: ustar (POSIX.1-1988), GNU and V7. */

export const BLOCK = 512;

/** What a header block says. Strings hold one byte a character, since names in tar have no encoding. */
export interface TarHeader {
  path: string;
  linkPath: string;
  /** The type flag as it is written, `0` where it is NUL. */
  flag: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  major: number;
  minor: number;
}

/** An archive that breaks its format; the message says how. */
export class TarError extends Error {}

const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;

/** Reads the block at `offset` of `bytes`; undefined when it is all zero, which ends an archive. Throws TarError. */
export function parseHeader(bytes: Buffer, offset = 0): TarHeader | undefined {
  const sum = checksum(bytes, offset);
  if (sum === CHECKSUM_LENGTH * 0x20 && isZero(bytes, offset)) return undefined;
  if (readNumber(bytes, offset + CHECKSUM_AT, CHECKSUM_LENGTH) !== sum) {
    throw new TarError("a header's checksum is wrong: this is no tar archive, or a broken one");
  }
  const name = text(bytes, offset, 100);
  const prefix = isUstar(bytes, offset) ? text(bytes, offset + 345, 155) : "";
  const flag = bytes[offset + 156]!;
  return {
    path: prefix === "" ? name : `${prefix}/${name}`,
    linkPath: text(bytes, offset + 157, 100),
    flag: flag === 0 ? "0" : String.fromCharCode(flag),
    mode: readNumber(bytes, offset + 100, 8) & 0o7777,
    uid: readNumber(bytes, offset + 108, 8),
    gid: readNumber(bytes, offset + 116, 8),
    size: readNumber(bytes, offset + 124, 12),
    mtime: readNumber(bytes, offset + 136, 12),
    major: readNumber(bytes, offset + 329, 8),
    minor: readNumber(bytes, offset + 337, 8),
  };
}

/** GNU writes "ustar " and keeps other things where POSIX has the prefix. */
function isUstar(bytes: Buffer, offset: number): boolean {
  return bytes.toString("latin1", offset + 257, offset + 263) === "ustar\0";
}

/** The sum of all bytes, those of the checksum's own field counted as blanks. */
function checksum(bytes: Buffer, offset: number): number {
  let sum = CHECKSUM_LENGTH * 0x20;
  for (let i = offset; i < offset + CHECKSUM_AT; i++) sum += bytes[i]!;
  for (let i = offset + CHECKSUM_AT + CHECKSUM_LENGTH; i < offset + BLOCK; i++) sum += bytes[i]!;
  return sum;
}

function isZero(bytes: Buffer, offset: number): boolean {
  for (let i = offset; i < offset + BLOCK; i++) if (bytes[i] !== 0) return false;
  return true;
}

function text(bytes: Buffer, start: number, length: number): string {
  let end = start;
  while (end < start + length && bytes[end] !== 0) end++;
  return bytes.toString("latin1", start, end);
}

/** Octal digits between blanks or NULs; or, with the top bit set, GNU's big-endian binary. Throws TarError. */
export function readNumber(bytes: Buffer, start: number, length: number): number {
  if (bytes[start]! & 0x80) return binary(bytes, start, length);
  let value = 0;
  let digits = false;
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i]!;
    if (byte >= 0x30 && byte <= 0x37) {
      value = value * 8 + byte - 0x30;
      digits = true;
    } else if (byte === 0 || byte === 0x20) {
      if (digits) break;
    } else {
      throw new TarError(
        `a header has ${JSON.stringify(bytes.toString("latin1", start, start + length))} for a number`,
      );
    }
  }
  return value;
}

function binary(bytes: Buffer, start: number, length: number): number {
  const negative = (bytes[start]! & 0x40) !== 0;
  let value = BigInt(bytes[start]! & 0x3f);
  for (let i = start + 1; i < start + length; i++) value = (value << 8n) | BigInt(bytes[i]!);
  if (negative) value -= 1n << BigInt(8 * length - 2);
  const result = Number(value);
  if (!Number.isSafeInteger(result))
    throw new TarError(`a header has the number ${value}, which is out of range`);
  return result;
}
