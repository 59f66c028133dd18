/** A blob as one stream, whatever happens to the connections it comes over. */
import { Readable } from "node:stream";
import { status } from "@grpc/grpc-js";
import { messageOf, StatusError } from "../cri/status-error.ts";
import type { Descriptor } from "./descriptor.ts";
import type { HttpResponse } from "./http.ts";

/** An answer that holds the blob's bytes from `position` on, or all of them (status 200). */
export interface BlobAnswer {
  response: HttpResponse;
  /** Says that this endpoint broke off: it is asked last from now on. */
  demote(): void;
}

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
  open: (position: number) => Promise<BlobAnswer>,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  if (offset >= descriptor.size) return Readable.from([], { objectMode: false });
  let current = await open(offset);
  const reopen = async (position: number) => {
    current = await open(position);
    return current;
  };
  const chunks = readChunks(descriptor, offset, current, reopen, signal);
  const stream = Readable.from(chunks, { objectMode: false });
  // A stream that is destroyed before its first read never runs the generator's clean-up.
  return stream.once("close", () => current.response.body.destroy());
}

async function* readChunks(
  { digest, size }: Descriptor,
  offset: number,
  first: BlobAnswer,
  reopen: (position: number) => Promise<BlobAnswer>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let position = offset;
  let stalls = 0;
  for (let answer = first; ; answer = await reopen(position)) {
    const start = position;
    let broken = "the connection ended early";
    try {
      for await (const chunk of bytesFrom(answer.response, start)) {
        position += chunk.length;
        if (position > size)
          throw new StatusError(status.DATA_LOSS, `blob ${digest} has more than its ${size} bytes`);
        yield chunk;
      }
      if (position === size) return;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof StatusError) throw error;
      broken = messageOf(error);
    }
    answer.demote();
    stalls = position - start >= progressBytes ? 0 : stalls + 1;
    if (stalls > maximumStalls) {
      throw new StatusError(
        status.UNAVAILABLE,
        `blob ${digest} breaks off at byte ${position} of ${size}: ${broken}`,
      );
    }
  }
}

/** The body from `position` on: a server that ignores Range sends what came before it too. */
async function* bytesFrom({ status: code, body }: HttpResponse, position: number): AsyncGenerator<Buffer> {
  let skip = code === 206 ? 0 : position;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (skip >= chunk.length) skip -= chunk.length;
    else {
      yield skip > 0 ? chunk.subarray(skip) : chunk;
      skip = 0;
    }
  }
}
