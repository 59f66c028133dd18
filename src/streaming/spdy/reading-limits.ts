/** When a SPDY/3.1 connection must not read on: Go's peers keep no windows, so only the whole socket can hold them back. */
import { MAX_UNREAD_BYTES, type SpdyStream } from "./stream.ts";

/** What all streams of a connection may hold together for their readers, in bytes. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;
/** Of frames that answer the client's and have not been sent yet. */
const MAX_ANSWER_BYTES = 64 * 1024;

export class ReadingLimits {
  /** Bytes of answers not sent yet. */
  answers = 0;
  #held = 0;
  readonly #full = new Set<SpdyStream>();
  #lifted = false;

  get reached(): boolean {
    if (this.answers > MAX_ANSWER_BYTES) return true;
    return !this.#lifted && (this.#full.size > 0 || this.#held > MAX_HELD_BYTES);
  }

  /** What the stream holds has changed by so many bytes. */
  note(stream: SpdyStream, change: number): void {
    this.#held += change;
    if (stream.held >= MAX_UNREAD_BYTES) this.#full.add(stream);
    else this.#full.delete(stream);
  }

  /** From now on data is discarded, and held no more. */
  lift(): void {
    this.#lifted = true;
  }
}
