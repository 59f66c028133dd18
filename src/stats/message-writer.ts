/** Writes protobuf's wire format field by field, without an object for each as generated encoders make. */
import type { Int64 } from "../cri/messages.ts";

const varintType = 0;
const fixed64Type = 1;
const lengthType = 2;

/** A 64-bit number takes ten bytes at most, with a tag of one byte. */
const longestScalar = 11;

/** Field numbers are below 16. Messages are written between `begin` and `end`. */
export class MessageWriter {
  #bytes = Buffer.allocUnsafe(16 * 1024);
  #length = 0;

  /** Forgets what was written. */
  clear(): void {
    this.#length = 0;
  }

  /** A copy of what was written. */
  get bytes(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  /** Begins a message in field `field`; hand what it answers to `end`. */
  begin(field: number): number {
    this.#reserve(longestScalar);
    this.#bytes[this.#length++] = (field << 3) | lengthType;
    // The length of most messages takes one byte.
    return ++this.#length;
  }

  end(start: number): void {
    const length = this.#length - start;
    if (length < 0x80) {
      this.#bytes[start - 1] = length;
      return;
    }
    const more = length < 0x4000 ? 1 : length < 0x200000 ? 2 : 3;
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#length);
    const end = this.#length + more;
    this.#length = start - 1;
    this.#varint(length);
    this.#length = end;
  }

  /** An int64 or uint64 that is not negative. */
  int64(field: number, value: Int64): void {
    this.#reserve(longestScalar);
    this.#bytes[this.#length++] = (field << 3) | varintType;
    // So many digits a number holds for certain.
    if (typeof value === "number" || value.length <= 15) this.#varint(Number(value));
    else this.#bigVarint(BigInt(value));
  }

  /** A UInt64Value; left out where it is null. */
  uint64Value(field: number, wrapped: { value: Int64 } | null): void {
    if (!wrapped) return;
    const start = this.begin(field);
    this.int64(1, wrapped.value);
    this.end(start);
  }

  double(field: number, value: number): void {
    this.#reserve(longestScalar);
    this.#bytes[this.#length++] = (field << 3) | fixed64Type;
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  string(field: number, text: string): void {
    const start = this.begin(field);
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
    this.end(start);
  }

  /** Fields that are encoded already. */
  raw(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#length += bytes.copy(this.#bytes, this.#length);
  }

  /** Seven bits a byte, lowest first; the highest bit says that there are more. */
  #varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80000000; rest = Math.floor(rest / 0x80)) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
    }
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** The lower 49 bits as those of a number, and then the rest. */
  #bigVarint(value: bigint): void {
    let low = Number(BigInt.asUintN(49, value));
    const high = Number(BigInt.asUintN(64, value) >> 49n);
    if (high > 0) {
      for (let byte = 0; byte < 7; byte++, low = Math.floor(low / 0x80)) {
        this.#bytes[this.#length++] = (low % 0x80) | 0x80;
      }
      low = high;
    }
    this.#varint(low);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
