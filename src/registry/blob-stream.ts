/** A blob as one stream, whatever happens to the connections it comes over. */
import { Readable } from "node:stream";
import { status } from "@grpc/grpc-js";
import { messageOf, StatusError } from "../cri/status-error.ts";
import type { Descriptor } from "./descriptor.ts";
import type { HttpResponse } from "./http.ts";

/** An answer that holds the blob's bytes from where it was opened (status 206), or all of them (status 200). */
export interface BlobAnswer {
  response: HttpResponse;
  /** The name of who gave it. */
  endpoint: string;
  /** Says that this endpoint broke off: it is asked last from now on. */
  demote(): void;
}

/** Where a blob comes from. */
export interface BlobOrigin {
  /** Asks for the blob from a byte on. */
  open(position: number): Promise<BlobAnswer>;
  /** Hears that the bytes are wrong, and from which endpoints they came; see `BlobBytes.refuse`. */
  refuse(problem: string, endpoints: string[]): boolean;
}

/** A blob on its way. */
export interface BlobBytes extends Readable {
  /**
   * The bytes have turned out wrong, as `problem` says in a sentence: true when the blob should be asked for once more,
   * from its beginning; what was kept of it is worth nothing.
   */
  refuse(problem: string): boolean;
}

/** More came than the descriptor says: some of it is wrong. */
export class TooLongError extends StatusError {
  constructor({ digest, size }: Descriptor) {
    super(status.DATA_LOSS, `blob ${digest} has more than its ${size} bytes`);
  }
}

/** How often in a row a connection may break before it brought this many bytes. */
const maximumStalls = 5;
const progressBytes = 1024 * 1024;

/**
 * The bytes of `descriptor` from `offset` on; the origin is asked again for the rest each time the connection breaks.
 * The stream fails with TooLongError when there are more bytes than the descriptor says, with UNAVAILABLE when it
 * breaks again and again, with the origin's error, or with the signal's reason. Destroying it ends the transfer.
 */
export async function openBlobStream(
  descriptor: Descriptor,
  offset: number,
  origin: BlobOrigin,
  signal: AbortSignal | undefined,
): Promise<BlobBytes> {
  if (offset >= descriptor.size) {
    const nothing = Readable.from([], { objectMode: false });
    return Object.assign(nothing, { refuse: (problem: string) => origin.refuse(problem, []) });
  }
  return new BlobStream(descriptor, offset, origin, await origin.open(offset), signal);
}

/** Chunks are handed on as they come: an async generator in between costs as much time again as the transfer. */
class BlobStream extends Readable implements BlobBytes {
  readonly #descriptor: Descriptor;
  readonly #origin: BlobOrigin;
  readonly #signal: AbortSignal | undefined;
  #answer: BlobAnswer;
  #position: number;
  /** Where the present connection began. */
  #start = 0;
  /** Bytes before the position that a server which ignores Range sends too. */
  #skip = 0;
  #stalls = 0;
  /** Whose bytes these are, until the present connection. */
  readonly #endpoints = new Set<string>();

  constructor(
    descriptor: Descriptor,
    offset: number,
    origin: BlobOrigin,
    first: BlobAnswer,
    signal: AbortSignal | undefined,
  ) {
    // What waits here outlives V8's young generation: the socket is where it should wait.
    super({ highWaterMark: 1 });
    this.#descriptor = descriptor;
    this.#origin = origin;
    this.#signal = signal;
    this.#position = offset;
    this.#answer = first;
    this.#attach();
  }

  refuse(problem: string): boolean {
    this.#noteEndpoint();
    return this.#origin.refuse(problem, [...this.#endpoints]);
  }

  override _read(): void {
    this.#answer.response.body.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#answer.response.body.destroy();
    done(this.#signal?.aborted ? this.#signal.reason : error);
  }

  #attach(): void {
    const { status: code, body } = this.#answer.response;
    this.#start = this.#position;
    this.#skip = code === 206 ? 0 : this.#position;
    body.on("data", (chunk: Buffer) => this.#take(chunk));
    body.once("end", () => this.#ended());
    body.once("error", (error) => this.#broke(error));
    body.pause();
  }

  #take(chunk: Buffer): void {
    const skipped = Math.min(this.#skip, chunk.length);
    this.#skip -= skipped;
    this.#position += chunk.length - skipped;
    if (this.#position > this.#descriptor.size) this.destroy(new TooLongError(this.#descriptor));
    else if (skipped < chunk.length && !this.push(skipped > 0 ? chunk.subarray(skipped) : chunk))
      this.#answer.response.body.pause();
  }

  /** The latest is the last. */
  #noteEndpoint(): void {
    if (this.#position === this.#start) return;
    const { endpoint } = this.#answer;
    this.#endpoints.delete(endpoint);
    this.#endpoints.add(endpoint);
  }

  #ended(): void {
    if (this.#position === this.#descriptor.size) this.push(null);
    else this.#broke(new Error("the connection ended early"));
  }

  async #broke(cause: Error): Promise<void> {
    if (this.destroyed) return;
    if (this.#signal?.aborted) {
      this.destroy(this.#signal.reason);
      return;
    }
    this.#answer.demote();
    this.#noteEndpoint();
    this.#stalls = this.#position - this.#start >= progressBytes ? 0 : this.#stalls + 1;
    try {
      if (this.#stalls > maximumStalls) throw this.#stalled(cause);
      this.#answer = await this.#origin.open(this.#position);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    if (this.destroyed) this.#answer.response.body.destroy();
    else {
      this.#attach();
      this.#answer.response.body.resume();
    }
  }

  #stalled(cause: Error): StatusError {
    const { digest, size } = this.#descriptor;
    const message = `blob ${digest} breaks off at byte ${this.#position} of ${size}: ${messageOf(cause)}`;
    return new StatusError(status.UNAVAILABLE, message, { cause });
  }
}
