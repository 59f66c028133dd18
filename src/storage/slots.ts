/** Memory shared with an unpack worker: a blob passes through it in slots, so nothing is allocated for it and nothing runs ahead. */
import { SLOT_BYTES, SLOTS } from "./unpack-messages.ts";

/** Sends the worker a slot that holds `length` bytes. */
export type SendSlot = (slot: number, length: number) => void;

export class Slots {
  readonly memory = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  readonly #send: SendSlot;
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  #current: { slot: number; memory: Buffer; length: number } | undefined;
  /** What no slot was free for; a copy, since the giver's memory may be used again. */
  #rest: Buffer | undefined;
  /** Told each time the worker is done with a slot. */
  onRelease: (() => void) | undefined;

  constructor(send: SendSlot) {
    this.#send = send;
  }

  /** Whether more may be written. */
  get hasRoom(): boolean {
    return this.#rest === undefined && (this.#current !== undefined || this.#free.length > 0);
  }

  /** Whether the worker has something to go on with. */
  get isBusy(): boolean {
    return this.#free.length + (this.#current ? 1 : 0) < SLOTS;
  }

  /** Takes a chunk; no more may come until there is room. */
  write(chunk: Buffer): void {
    const written = this.#fill(chunk);
    if (written < chunk.length) this.#rest = Buffer.from(chunk.subarray(written));
  }

  /** The worker is done with a slot. */
  release(slot: number): void {
    this.#free.push(slot);
    if (this.#rest) this.#writeRest(this.#rest);
    this.onRelease?.();
  }

  /** Sends what a slot holds that is not full. */
  flush(): void {
    if (!this.#current) return;
    const { slot, length } = this.#current;
    this.#current = undefined;
    this.#send(slot, length);
  }

  /** Forgets what was not sent. */
  discard(): void {
    if (this.#current) this.#free.push(this.#current.slot);
    this.#current = undefined;
    this.#rest = undefined;
  }

  #writeRest(rest: Buffer): void {
    const written = this.#fill(rest);
    this.#rest = written < rest.length ? rest.subarray(written) : undefined;
  }

  #fill(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length) {
      this.#current ??= this.#next();
      if (!this.#current) break;
      const copied = chunk.copy(this.#current.memory, this.#current.length, at);
      at += copied;
      this.#current.length += copied;
      if (this.#current.length === SLOT_BYTES) this.flush();
    }
    return at;
  }

  #next(): { slot: number; memory: Buffer; length: number } | undefined {
    const slot = this.#free.pop();
    if (slot === undefined) return undefined;
    return { slot, memory: Buffer.from(this.memory, slot * SLOT_BYTES, SLOT_BYTES), length: 0 };
  }
}
