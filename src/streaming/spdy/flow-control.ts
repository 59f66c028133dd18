/** SPDY/3.1's windows: honoured once the peer shows that it keeps any, without limit before (Go's peers keep none). */
import { MAX_31_BITS } from "./frames.ts";

/** Of a new stream and of the connection, in bytes. */
const INITIAL_WINDOW = 64 * 1024;
/** A WINDOW_UPDATE is worth sending from here. */
const WORTH_SENDING = INITIAL_WINDOW / 2;
/** The connection's own window has the id that no stream has. */
const CONNECTION = 0;

interface Window {
  /** Sent, less what the peer has given back. */
  used: number;
  /** Received and consumed, and not yet given back to the peer. */
  owed: number;
}

export class FlowControl {
  readonly #sendUpdate: (streamId: number, delta: number) => void;
  readonly #connection: Window = { used: 0, owed: 0 };
  readonly #streams = new Map<number, Window>();
  #initialWindow = INITIAL_WINDOW;
  #enforced = false;

  constructor(sendUpdate: (streamId: number, delta: number) => void) {
    this.#sendUpdate = sendUpdate;
  }

  open(streamId: number): void {
    this.#streams.set(streamId, { used: 0, owed: 0 });
  }

  close(streamId: number): void {
    this.#streams.delete(streamId);
  }

  /** How many bytes may be sent on the stream now; infinitely many to a peer that keeps no windows. */
  room(streamId: number): number {
    if (!this.#enforced) return Number.POSITIVE_INFINITY;
    const used = this.#streams.get(streamId)?.used ?? 0;
    return Math.min(this.#initialWindow - used, INITIAL_WINDOW - this.#connection.used);
  }

  sent(streamId: number, bytes: number): void {
    this.#connection.used += bytes;
    const stream = this.#streams.get(streamId);
    if (stream) stream.used += bytes;
  }

  /** Bytes received have left our buffers: the peer may send as many more. */
  consumed(streamId: number, bytes: number): void {
    this.#connection.owed += bytes;
    const stream = this.#streams.get(streamId);
    if (stream) stream.owed += bytes;
    if (!this.#enforced) return;
    this.#giveBack(CONNECTION, this.#connection);
    if (stream) this.#giveBack(streamId, stream);
  }

  /** The peer's WINDOW_UPDATE. Throws when it makes a window larger than a window can be. */
  enlarge(streamId: number, delta: number): void {
    this.#enforce();
    const window = streamId === CONNECTION ? this.#connection : this.#streams.get(streamId);
    if (!window) return;
    window.used -= delta;
    const size = streamId === CONNECTION ? INITIAL_WINDOW : this.#initialWindow;
    if (delta === 0 || size - window.used > MAX_31_BITS)
      throw new Error(`a SPDY WINDOW_UPDATE of ${delta} for stream ${streamId}`);
  }

  /** The peer's SETTINGS: the size of each stream's window, of those that are open too. */
  resize(initialWindow: number): void {
    this.#initialWindow = initialWindow;
    this.#enforce();
  }

  /** A peer that enforces windows may be waiting already. */
  #enforce(): void {
    if (this.#enforced) return;
    this.#enforced = true;
    this.#giveBack(CONNECTION, this.#connection);
    for (const [streamId, window] of this.#streams) this.#giveBack(streamId, window);
  }

  #giveBack(streamId: number, window: Window): void {
    if (window.owed < WORTH_SENDING) return;
    this.#sendUpdate(streamId, Math.min(window.owed, MAX_31_BITS));
    window.owed = 0;
  }
}
