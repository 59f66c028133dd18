/** Layers as they come over the wire: gzip, zstd or plain, told apart by their first bytes as every other runtime does. */
import type { Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";

type Inflater = Transform & { readonly bytesWritten: number };

const CHUNK = 256 * 1024;
const options = { chunkSize: CHUNK, highWaterMark: 2 * CHUNK };

const isGzip = (bytes: Buffer) => bytes[0] === 0x1f && bytes[1] === 0x8b;
const isZstd = (bytes: Buffer) => bytes.length >= 4 && bytes.readUInt32LE(0) === 0xfd2fb528;

/** Decompresses on libuv's threads, while what came out before is consumed on this one. */
export class Decompressor {
  readonly #consume: (chunk: Buffer) => void;
  #format: "unknown" | "plain" | "gzip" | "zstd" | "over" = "unknown";
  #stream: Inflater | undefined;
  #drained: Promise<void> = Promise.resolve();
  /** Bytes that the present stream was given. */
  #given = 0;
  #rejectWrite: (error: Error) => void = () => {};

  /** What `consume` throws ends the decompression and comes out of `write` or `end`. */
  constructor(consume: (chunk: Buffer) => void) {
    this.#consume = consume;
  }

  /** Takes the next chunk, which is free again afterwards. The first must have 4 bytes, unless it is all there is. */
  async write(chunk: Buffer): Promise<void> {
    if (this.#format === "unknown") this.#format = isGzip(chunk) ? "gzip" : isZstd(chunk) ? "zstd" : "plain";
    if (this.#format === "plain") this.#consume(chunk);
    if (this.#format === "plain" || this.#format === "over") return;
    const stream = this.#stream ?? this.#open();
    this.#given += chunk.length;
    await new Promise<void>((resolve, reject) => {
      this.#rejectWrite = reject;
      stream.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
    const unread = this.#given - stream.bytesWritten;
    if (unread > 0) await this.#next(chunk.subarray(chunk.length - unread));
  }

  /** Waits until everything was consumed. Rejects when the data breaks off. */
  async end(): Promise<void> {
    this.#stream?.end();
    await this.#drained;
  }

  /** Gives everything up. */
  destroy(): void {
    this.#stream?.destroy();
  }

  #open(): Inflater {
    const stream = this.#format === "gzip" ? createGunzip(options) : createZstdDecompress(options);
    this.#stream = stream;
    this.#given = 0;
    this.#drained = this.#drain(stream);
    this.#drained.catch((error) => this.#rejectWrite(error));
    return stream;
  }

  /** By events: what waited to be iterated over would outlive V8's young generation, and with it the megabytes it holds. */
  #drain(stream: Inflater): Promise<void> {
    return new Promise((resolve, reject) => {
      stream.on("data", (chunk: Buffer) => {
        try {
          this.#consume(chunk);
        } catch (error) {
          stream.destroy(error as Error);
        }
      });
      stream.once("end", resolve);
      stream.on("error", reject);
    });
  }

  /** Node's zstd ends with a frame where another follows in the same chunk; its gzip, where only padding does. */
  async #next(rest: Buffer): Promise<void> {
    await this.#drained;
    this.#stream = undefined;
    if (this.#format === "zstd") await this.write(rest);
    else this.#format = "over";
  }
}
