/**
 * Whether bytes are a message of a shape, by the letter of the encoding: protobufjs takes texts that are cut off or not
 * UTF-8, and fields of another type, for something else than they are.
 */
import { isUtf8 } from "node:buffer";
import type { FieldShape, FieldType, MessageShape } from "./message-shape.ts";
import { invalidArgument } from "./status-error.ts";

/** Most fields of a request, with those of the messages in it: each takes some microseconds of everybody's time. */
const MOST_FIELDS = 100_000;

const VARINT = 0;
const BYTES = 2;
const wireTypes: Record<FieldType, number> = {
  bool: VARINT,
  enum: VARINT,
  int32: VARINT,
  int64: VARINT,
  uint32: VARINT,
  uint64: VARINT,
  double: 1,
  bytes: BYTES,
  string: BYTES,
  message: BYTES,
};
const thirtyTwoBits: ReadonlySet<FieldType> = new Set(["bool", "enum", "int32", "uint32"]);
/** Bytes of the types that have a fixed length. */
const lengths: Record<number, number> = { 1: 8, 5: 4 };

/**
 * Throws INVALID_ARGUMENT, which names the field, for bytes that end too early, that break the encoding or give a field
 * another type than it has, for a text that is not UTF-8 or holds a NUL (a map's value may, for nothing that ends texts
 * with it is given one), and for more fields than any request needs.
 */
export function checkWire(shape: MessageShape, bytes: Buffer): void {
  new WireCheck(bytes).message(shape, bytes.length);
}

class WireCheck {
  readonly #bytes: Buffer;
  readonly #path: string[] = [];
  #at = 0;
  #fields = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  message(shape: MessageShape, end: number, isMapEntry = false): void {
    const counts = new Map<number, number>();
    while (this.#at < end) {
      const tag = this.#varint(end);
      const field = shape.fields.get(Math.floor(tag / 8));
      this.#count();
      if (field) this.#enter(field, counts);
      this.#field(field, tag, end, isMapEntry && field?.number === 2);
      if (field) this.#path.pop();
    }
  }

  #count(): void {
    if (++this.#fields > MOST_FIELDS) throw this.#wrong(`more than ${MOST_FIELDS} fields`);
  }

  #enter({ number, name, repeated, isMap }: FieldShape, counts: Map<number, number>): void {
    if (!repeated || isMap) {
      this.#path.push(name);
      return;
    }
    const index = counts.get(number) ?? 0;
    counts.set(number, index + 1);
    this.#path.push(`${name}[${index}]`);
  }

  #field(field: FieldShape | undefined, tag: number, end: number, isMapValue: boolean): void {
    const wireType = tag % 8;
    if (tag < 8 || tag > 0xffff_ffff) throw this.#wrong(`there is no field ${Math.floor(tag / 8)}`);
    const isPacked = field?.repeated && wireType === BYTES && wireTypes[field.type] !== BYTES;
    if (field && wireType !== wireTypes[field.type] && !isPacked)
      throw this.#wrong(`wire type ${wireType} is none of ${field.type}`);
    if (wireType === VARINT) this.#number(field?.type, end);
    else if (wireType === BYTES) this.#delimited(field, this.#varint(end), end, isMapValue);
    else this.#skip(lengths[wireType] ?? this.#noLength(wireType), end);
  }

  #delimited(field: FieldShape | undefined, length: number, end: number, isMapValue: boolean): void {
    const from = this.#at;
    const to = this.#skip(length, end);
    if (!field) return;
    if (field.message) {
      this.#at = from;
      this.message(field.message, to, field.isMap);
    } else if (field.type === "string") this.#text(this.#bytes.subarray(from, to), isMapValue);
    else if (wireTypes[field.type] === VARINT) {
      this.#at = from;
      for (; this.#at < to; this.#count()) this.#number(field.type, to);
    }
  }

  #text(text: Buffer, isMapValue: boolean): void {
    if (!isUtf8(text)) throw invalidArgument(this.#name(), text.toString(), "it is not UTF-8");
    if (!isMapValue && text.includes(0))
      throw invalidArgument(this.#name(), text.toString(), "it holds a NUL character");
  }

  /** Moves on, and answers where to. */
  #skip(length: number, end: number): number {
    if (length > end - this.#at) throw this.#wrong("it ends before it should");
    this.#at += length;
    return this.#at;
  }

  /** protobufjs loses its place where a number of 32 bits has more than five bytes, unless it has the ten of a negative one. */
  #number(type: FieldType | undefined, end: number): void {
    const from = this.#at;
    this.#varint(end);
    const length = this.#at - from;
    if (length <= 5 || length === 10 || type === undefined || !thirtyTwoBits.has(type)) return;
    throw this.#wrong(`a number of ${length} bytes is none of ${type}`);
  }

  /** A number above 2^53 is not exact: what must be is smaller. */
  #varint(end: number): number {
    let value = 0;
    for (let scale = 1, count = 0; count < 10; scale *= 128, count++) {
      if (this.#at >= end) throw this.#wrong("it ends before it should");
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw this.#wrong("a number has more than ten bytes");
  }

  #noLength(wireType: number): never {
    throw this.#wrong(`there is no wire type ${wireType}`);
  }

  #wrong(reason: string): Error {
    const { length } = this.#bytes;
    return invalidArgument(
      this.#name(),
      `byte ${this.#at} of ${length}`,
      `not an encoded message: ${reason}`,
    );
  }

  #name(): string {
    return this.#path.join(".") || "the request";
  }
}
