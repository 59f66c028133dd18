/** Bytes that are put one after another, into memory that grows with them. */

export class GrowingBuffer {
  #memory: Buffer;
  #length = 0;

  /** `capacity` is what there will be about. */
  constructor(capacity: number) {
    this.#memory = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What is in it; good until it grows. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** The same to be written over, and what lies behind it, which means nothing. */
  get memory(): Buffer {
    return this.#memory;
  }

  /** Where the bytes went. */
  append(bytes: Buffer): number {
    const at = this.leave(bytes.length);
    this.#memory.set(bytes, at);
    return at;
  }

  /** Room for `count` bytes that are written later; where it begins. */
  leave(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#memory.length) this.#grow(at);
    return at;
  }

  /** Forgets what comes after the first `length` bytes. */
  cut(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  #grow(used: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#memory.length * 2));
    this.#memory.copy(larger, 0, 0, used);
    this.#memory = larger;
  }
}
