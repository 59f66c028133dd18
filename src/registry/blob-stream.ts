/** A blob as one stream, whatever happens to the connections it comes over. */
import { Readable } from "node:stream";
import { status } from "@grpc/grpc-js";
import { messageOf, StatusError } from "../cri/status-error.ts";
import type { Descriptor } from "./descriptor.ts";
import type { HttpResponse } from "./http.ts";

/** An answer that holds the blob's bytes from where it was opened (status 206), or all of them (status 200). */
export interface BlobAnswer {
  response: HttpResponse;
  /** Says that this endpoint broke off: it is asked last from now on. */
  demote(): void;
}

/** Asks for the blob from a byte on. */
export type OpenBlob = (position: number) => Promise<BlobAnswer>;

/** How often in a row a connection may break before it brought this many bytes. */
const maximumStalls = 5;
const progressBytes = 1024 * 1024;

/**
 * The bytes of `descriptor` from `offset` on; `open` is asked again for the rest each time the connection breaks.
 * The stream fails with DATA_LOSS when there are more bytes than the descriptor says, with UNAVAILABLE when it
 * breaks again and again, with the error of `open`, or with the signal's reason. Destroying it ends the transfer.
 */
export async function openBlobStream(
  descriptor: Descriptor,
  offset: number,
  open: OpenBlob,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  if (offset >= descriptor.size) return Readable.from([], { objectMode: false });
  return new BlobStream(descriptor, offset, open, await open(offset), signal);
}

/** Chunks are handed on as they come: an async generator in between costs as much time again as the transfer. */
class BlobStream extends Readable {
  readonly #descriptor: Descriptor;
  readonly #open: OpenBlob;
  readonly #signal: AbortSignal | undefined;
  #answer: BlobAnswer;
  #position: number;
  /** Where the present connection began. */
  #start = 0;
  /** Bytes before the position that a server which ignores Range sends too. */
  #skip = 0;
  #stalls = 0;

  constructor(
    descriptor: Descriptor,
    offset: number,
    open: OpenBlob,
    first: BlobAnswer,
    signal: AbortSignal | undefined,
  ) {
    // What waits here outlives V8's young generation: the socket is where it should wait.
    super({ highWaterMark: 1 });
    this.#descriptor = descriptor;
    this.#open = open;
    this.#signal = signal;
    this.#position = offset;
    this.#answer = first;
    this.#attach();
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
    const { digest, size } = this.#descriptor;
    if (this.#position > size) {
      this.destroy(new StatusError(status.DATA_LOSS, `blob ${digest} has more than its ${size} bytes`));
    } else if (skipped < chunk.length && !this.push(skipped > 0 ? chunk.subarray(skipped) : chunk)) {
      this.#answer.response.body.pause();
    }
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
    this.#stalls = this.#position - this.#start >= progressBytes ? 0 : this.#stalls + 1;
    try {
      if (this.#stalls > maximumStalls) throw this.#stalled(cause);
      this.#answer = await this.#open(this.#position);
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
