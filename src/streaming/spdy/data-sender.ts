/** Sends the data of a SPDY/3.1 connection's streams: uncopied, in frames of bounded size, as far as the peer's windows go. */
import type { Duplex } from "node:stream";
import type { FlowControl } from "./flow-control.ts";
import { dataHeader } from "./frames.ts";

/** Of a data frame's payload: a longer write makes several. Peers collect a frame before they hand it on. */
const MAX_PAYLOAD_BYTES = 256 * 1024;
const NOTHING = Buffer.alloc(0);

export type WriteDone = (error?: Error | null) => void;

export class DataSender {
  readonly #socket: Duplex;
  readonly #flow: FlowControl;
  /** Writes that wait for the peer's window, by stream. */
  readonly #waiting = new Map<number, { payload: Buffer; done: WriteDone }>();

  constructor(socket: Duplex, flow: FlowControl) {
    this.#socket = socket;
    this.#flow = flow;
  }

  /** One write a stream at a time; `done` is called once all of it is with the kernel, so that the payload may be reused. */
  send(streamId: number, payload: Buffer, done: WriteDone): void {
    const size = Math.min(payload.length, MAX_PAYLOAD_BYTES, this.#flow.room(streamId));
    if (size <= 0 && payload.length > 0) {
      this.#waiting.set(streamId, { payload, done });
      return;
    }
    this.#flow.sent(streamId, size);
    if (size === payload.length) {
      this.#write(streamId, payload, false, done);
      return;
    }
    this.#write(streamId, payload.subarray(0, size), false);
    this.send(streamId, payload.subarray(size), done);
  }

  sendFin(streamId: number, done: WriteDone): void {
    this.#write(streamId, NOTHING, true, done);
  }

  /** The peer's windows have grown. */
  sendWaiting(): void {
    for (const [streamId, { payload, done }] of [...this.#waiting]) {
      this.#waiting.delete(streamId);
      this.send(streamId, payload, done);
    }
  }

  /** The stream has closed: a write that waits fails, for its writer may wait too. */
  forget(streamId: number): void {
    const waiting = this.#waiting.get(streamId);
    this.#waiting.delete(streamId);
    waiting?.done(new Error(`SPDY stream ${streamId} has closed`));
  }

  /** Header and payload go out in one system call. */
  #write(streamId: number, payload: Buffer, fin: boolean, done?: WriteDone): void {
    const header = dataHeader(streamId, payload.length, fin);
    if (payload.length === 0) {
      this.#socket.write(header, done);
      return;
    }
    this.#socket.cork();
    this.#socket.write(header);
    this.#socket.write(payload, done);
    this.#socket.uncork();
  }
}
