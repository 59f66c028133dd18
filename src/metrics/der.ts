/** As much of DER (X.690) as a certificate is written in. */

const BOOLEAN = 1;
const INTEGER = 2;
const BIT_STRING = 3;
const OCTET_STRING = 4;
const OBJECT_IDENTIFIER = 6;
const UTF8_STRING = 12;
const GENERALIZED_TIME = 24;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

export const sequence = (...parts: Buffer[]) => value(SEQUENCE, ...parts);
export const set = (...parts: Buffer[]) => value(SET, ...parts);
export const truth = () => value(BOOLEAN, Buffer.from([0xff]));
/** Of big-endian bytes whose first bit is not set. */
export const integer = (bytes: Buffer) => value(INTEGER, bytes);
export const bits = (bytes: Buffer) => value(BIT_STRING, Buffer.from([0]), bytes);
export const octets = (bytes: Buffer) => value(OCTET_STRING, bytes);
export const utf8 = (text: string) => value(UTF8_STRING, Buffer.from(text));
/** `[choice]`, around other values. */
export const tagged = (choice: number, ...parts: Buffer[]) => value(CONTEXT | CONSTRUCTED | choice, ...parts);
/** `[choice] IMPLICIT`, in place of a string's own tag. */
export const choice = (number: number, bytes: Buffer) => value(CONTEXT | number, bytes);

/** `milliseconds` since 1970. */
export function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return value(GENERALIZED_TIME, Buffer.from(digits));
}

/** Of dotted numbers. */
export function objectId(dotted: string): Buffer {
  const [first, second, ...others] = dotted.split(".").map(Number) as [number, number, ...number[]];
  return value(OBJECT_IDENTIFIER, Buffer.from([first * 40 + second, ...others.flatMap(base128)]));
}

function base128(number: number): number[] {
  const digits = [number & 0x7f];
  for (let rest = number >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}

function value(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content)]), content]);
}

function lengthOf({ length }: Buffer): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}
