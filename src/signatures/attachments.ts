/** cosign's signatures of an image: a manifest beside it in its repository, tagged for the image's digest. */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";
import type { PullOptions, RegistryClient } from "../registry/client.ts";
import type { Descriptor } from "../registry/descriptor.ts";
import { isIndex } from "../registry/manifest.ts";
import { Reference } from "../registry/reference.ts";
import { WrongDigestError, wholeBlob } from "../registry/whole-blob.ts";

/** A signature that was good once, as it is kept with its image: both in base64. */
export interface KeptSignature {
  payload: string;
  signature: string;
}

/** A signature that nobody has verified yet. */
export interface Attachment {
  payload: Buffer;
  signature: Buffer;
}

const payloadMediaType = "application/vnd.dev.cosign.simplesigning.v1+json";
const signatureAnnotation = "dev.cosignproject.cosign/signature";
/** A payload is held in memory; a usual one has 300 bytes. */
const maximumPayloadBytes = 256 * 1024;

/** Where the signatures of what has the digest are: `NAME:sha256-HEX.sig`. */
export function attachmentReference(image: Reference, digest: string): Reference {
  return new Reference(image.registry, image.repository, `${digest.replace(":", "-")}.sig`);
}

/** What is kept of a signature. */
export function keptSignature({ payload, signature }: Attachment): KeptSignature {
  return { payload: payload.toString("base64"), signature: signature.toString("base64") };
}

/** A signature that was kept. */
export function attachmentOf({ payload, signature }: KeptSignature): Attachment {
  return { payload: Buffer.from(payload, "base64"), signature: Buffer.from(signature, "base64") };
}

/**
 * The signatures at `reference`, through the image's mirrors and with its credentials; none where it is not there.
 * Throws what `RegistryClient` throws, DATA_LOSS for a payload of the wrong digest.
 */
export async function* attachments(
  client: RegistryClient,
  reference: Reference,
  options: PullOptions,
): AsyncGenerator<Attachment> {
  const manifest = await signatureManifest(client, reference, options);
  if (!manifest || isIndex(manifest.document)) return;
  const from = { ...options, endpoint: manifest.endpoint };
  for (const layer of manifest.document.layers) {
    const signature = layer.annotations?.[signatureAnnotation];
    const isUsable = layer.mediaType === payloadMediaType && layer.size <= maximumPayloadBytes;
    if (signature === undefined || !isUsable) continue;
    const payload = await readPayload(client, reference, layer, from);
    yield { payload, signature: Buffer.from(signature, "base64") };
  }
}

async function signatureManifest(client: RegistryClient, reference: Reference, options: PullOptions) {
  try {
    return await client.manifest(reference, options);
  } catch (error) {
    if (error instanceof StatusError && error.code === status.NOT_FOUND) return undefined;
    throw error;
  }
}

async function readPayload(
  client: RegistryClient,
  reference: Reference,
  layer: Descriptor,
  options: PullOptions,
): Promise<Buffer> {
  try {
    return await wholeBlob(client, reference, layer, options);
  } catch (error) {
    if (!(error instanceof WrongDigestError)) throw error;
    const message = `signature ${reference}: payload ${layer.digest} came with the digest ${error.digest}`;
    throw new StatusError(status.DATA_LOSS, message);
  }
}
