/** A connection that is written to all the time, at a steady pace, and must give back every byte. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../support/random.ts";

const CHUNK_BYTES = 16 * 1024;
const INTERVAL_MS = 10;

/** Sends random bytes to an echo, and compares what comes back with them, byte by byte. */
export class PacedStream {
  readonly #socket: Socket;
  readonly #sent: Buffer[] = [];
  readonly #pattern: Buffer;
  #echoed = 0;
  #longestStallMs = 0;
  #lastEcho = performance.now();
  #failure: Error | undefined;
  #ending = false;
  readonly #writing: Promise<void>;

  private constructor(socket: Socket, random: Random) {
    this.#socket = socket;
    this.#pattern = random.bytes(CHUNK_BYTES);
    socket.on("data", (chunk) => this.#compare(chunk));
    socket.on("error", (error) => (this.#failure ??= error));
    socket.on("end", () => {
      if (!this.#ending) this.#failure ??= new Error(`the connection ended after ${this.#echoed} bytes`);
    });
    this.#writing = this.#write(random);
  }

  static async open(host: string, port: number, random: Random): Promise<PacedStream> {
    const socket = connect({ host, port, allowHalfOpen: true });
    await once(socket, "connect");
    return new PacedStream(socket, random);
  }

  /** Bytes that came back so far. Throws what went wrong. */
  get echoed(): number {
    if (this.#failure) throw this.#failure;
    return this.#echoed;
  }

  /** The longest time without an echo so far, in ms. */
  get longestStallMs(): number {
    const now = this.#ending ? 0 : performance.now() - this.#lastEcho;
    return Math.max(this.#longestStallMs, now);
  }

  /** Ends the transfer and waits for what is still under way. Throws unless every byte came back. */
  async end(): Promise<void> {
    this.#ending = true;
    await this.#writing;
    const ended = once(this.#socket, "end");
    this.#socket.end();
    if (!this.#failure) await ended.catch((error) => (this.#failure ??= error));
    if (this.#failure) throw this.#failure;
    const missing = this.#sent.reduce((sum, { length }) => sum + length, 0);
    if (missing > 0) throw new Error(`${missing} bytes did not come back after ${this.#echoed}`);
  }

  [Symbol.dispose](): void {
    this.#ending = true;
    this.#socket.destroy();
  }

  async #write(random: Random): Promise<void> {
    while (!this.#ending && !this.#failure) {
      // Bytes of their own for each chunk, so that none can stand for another.
      const chunk = Buffer.from(this.#pattern);
      chunk.writeDoubleLE(random.next(), 0);
      chunk.writeUInt32LE(random.below(2 ** 32), 8);
      this.#sent.push(chunk);
      if (!this.#socket.write(chunk))
        await Promise.race([once(this.#socket, "drain"), once(this.#socket, "close")]);
      await sleep(INTERVAL_MS);
    }
  }

  #compare(echo: Buffer): void {
    const now = performance.now();
    this.#longestStallMs = Math.max(this.#longestStallMs, now - this.#lastEcho);
    this.#lastEcho = now;
    for (let rest = echo; rest.length > 0; ) {
      const expected = this.#sent[0] ?? Buffer.alloc(0);
      const length = Math.min(expected.length, rest.length);
      if (length === 0 || !expected.subarray(0, length).equals(rest.subarray(0, length))) {
        this.#failure ??= new Error(`what came back after ${this.#echoed} bytes is not what was sent`);
        return;
      }
      if (length === expected.length) this.#sent.shift();
      else this.#sent[0] = expected.subarray(length);
      this.#echoed += length;
      rest = rest.subarray(length);
    }
  }
}
