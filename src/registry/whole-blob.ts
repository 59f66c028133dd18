/** Small blobs, read into memory and checked. */
import type { Readable } from "node:stream";
import { TooLongError } from "./blob-stream.ts";
import type { PullOptions, RegistryClient } from "./client.ts";
import type { Descriptor } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import { EndpointTrust } from "./endpoint-trust.ts";
import type { Reference } from "./reference.ts";

/** The bytes of a blob have another digest. */
export class WrongDigestError extends Error {
  /** That of the bytes. */
  readonly digest: string;

  constructor(wanted: string, digest: string) {
    super(`what the registry sent of blob ${wanted} has the digest ${digest}`);
    this.digest = digest;
  }
}

/**
 * The blob's bytes, from the first endpoint that sends the right ones. The caller has looked at the descriptor's
 * size. Rejects with WrongDigestError, or as `RegistryClient.blob` and its stream do.
 */
export async function wholeBlob(
  client: RegistryClient,
  reference: Reference,
  descriptor: Descriptor,
  options: PullOptions,
): Promise<Buffer> {
  const from = { ...options, trust: options.trust ?? new EndpointTrust() };
  for (;;) {
    const blob = await client.blob(reference, descriptor, from);
    try {
      return await checked(blob, descriptor.digest);
    } catch (error) {
      const isWrong = error instanceof WrongDigestError || error instanceof TooLongError;
      if (!isWrong || !blob.refuse(error.message)) throw error;
    }
  }
}

async function checked(blob: Readable, wanted: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of blob) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const digest = digestOf(bytes, wanted);
  if (digest !== wanted) throw new WrongDigestError(wanted, digest);
  return bytes;
}
