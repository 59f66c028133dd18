/** Copies what comes out of a pipe into a stream, at the pace of the stream's reader, by one buffer: chunks would be garbage. */
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { Patience } from "./patience.ts";
import { enlargePipe } from "./pipe.ts";

const BUFFER_BYTES = 128 << 10;
const PIPE_BYTES = 1 << 20;
/**
 * After a read that found less than a buffer, what comes next is left to gather in the pipe for so long: who writes little by
 * little would have us read as often, at a multiple of its cost. A pipe of the usual size would be full too soon.
 */
const GATHER_MS = 1;

/** One output of a program. Each chunk written to the stream is overwritten once the stream has called back for it. */
export class PipeOutput {
  /** Resolves when all has been given to the stream, at the pipe's end or at an earlier `close`. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #gathers: boolean;
  #target: Writable | undefined;
  #writing = false;
  #gathering: NodeJS.Timeout | undefined;
  #quietMs: number | undefined;
  #quiet: Patience | undefined;

  /** Takes over `fd`, the pipe's reading end. */
  constructor(fd: number, target: Writable) {
    this.#target = target;
    this.#gathers = enlargePipe(fd, PIPE_BYTES);
    const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    const callback = (count: number) => this.#forward(buffer.subarray(0, count));
    this.#socket = new Socket({ fd, readable: true, writable: false, onread: { buffer, callback } });
    this.#socket.on("error", () => {});
    this.ended = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    this.#socket.resume();
  }

  /** From now on what comes is dropped. */
  discard(): void {
    this.#target = undefined;
    this.#readOn(BUFFER_BYTES);
  }

  /** From now on `quietMs` in which nothing came, while the stream had room for it, count as the end. */
  endWhenQuiet(quietMs: number): void {
    this.#quietMs = quietMs;
    if (!this.#writing) this.#listen();
  }

  /** Reads no more. */
  close(): void {
    clearTimeout(this.#gathering);
    this.#quiet?.cancel();
    this.#socket.destroy();
  }

  #forward(chunk: Buffer): boolean {
    this.#quiet?.cancel();
    if (!this.#target?.writable) {
      this.#listen();
      return true;
    }
    this.#writing = true;
    this.#target.write(chunk, (error) => {
      if (error) this.#target = undefined;
      this.#readOn(chunk.length);
    });
    return false;
  }

  #readOn(lastCount: number): void {
    this.#writing = false;
    if (this.#socket.destroyed) return;
    this.#listen();
    clearTimeout(this.#gathering);
    if (lastCount === BUFFER_BYTES || !this.#gathers) this.#socket.resume();
    else this.#gathering = setTimeout(() => this.#socket.resume(), GATHER_MS);
  }

  #listen(): void {
    this.#quiet?.cancel();
    if (this.#quietMs !== undefined) this.#quiet = new Patience(this.#quietMs, () => this.close());
  }
}
