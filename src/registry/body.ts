/** Bodies of answers: read whole up to a limit, or let go. */
import type { IncomingMessage } from "node:http";

/** More than this is not worth the connection it comes over. */
const maximumDiscarded = 64 * 1024;

/** Reads a small body whole. Rejects when it is over `limit` bytes. */
export async function readBounded(body: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw new RangeError(`the answer is over ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads a body that nobody wants, so that its connection can be used again; one that is long is broken off. */
export function discard(body: IncomingMessage): void {
  let length = 0;
  body.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > maximumDiscarded) body.destroy();
  });
}
