// Signatures as cosign attaches them: an OCI image whose layers are the signed payloads.
import { createHash, type KeyObject, sign } from "node:crypto";
import type { Blob, BuiltImage } from "./image.ts";

export interface SignatureRecipe {
  key: KeyObject;
  /** What is signed: the image's `docker-manifest-digest` and `docker-reference`. */
  digest: string;
  reference: string;
  /** Default: cosign's. */
  type?: string;
}

/** Where the signatures of what has the digest are looked for. */
export const signatureTag = (digest: string) => `${digest.replace(":", "-")}.sig`;

/** One image with all the signatures, to be pushed under `signatureTag`. */
export function signatureImage(recipes: SignatureRecipe[]): BuiltImage {
  const payloads = recipes.map(payloadOf);
  const config = blobOf("application/vnd.oci.image.config.v1+json", {
    architecture: "",
    os: "",
    config: {},
    rootfs: { type: "layers", diff_ids: payloads.map(({ digest }) => digest) },
  });
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = blobOf(manifestType, {
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(config),
    layers: payloads.map((payload, index) => ({
      ...descriptor(payload),
      annotations: { "dev.cosignproject.cosign/signature": signatureOf(payload.body, recipes[index]!.key) },
    })),
  });
  return { blobs: [...payloads, config], manifests: [manifest] };
}

function payloadOf({ digest, reference, type = "cosign container image signature" }: SignatureRecipe): Blob {
  return blobOf("application/vnd.dev.cosign.simplesigning.v1+json", {
    critical: {
      identity: { "docker-reference": reference },
      image: { "docker-manifest-digest": digest },
      type,
    },
    optional: null,
  });
}

function signatureOf(payload: Buffer, key: KeyObject): string {
  const hash = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  return sign(hash, payload, key).toString("base64");
}

function blobOf(mediaType: string, value: object): Blob {
  const body = Buffer.from(JSON.stringify(value));
  return { mediaType, body, digest: `sha256:${createHash("sha256").update(body).digest("hex")}` };
}

function descriptor({ mediaType, digest, body }: Blob): object {
  return { mediaType, digest, size: body.length };
}
