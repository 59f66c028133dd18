import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Blob, BuiltImage, ImageConfig } from "./image.ts";

export interface RawImage {
  /** Uncompressed archives, base first. */
  layers: Buffer[];
  config?: ImageConfig;
  /** How a layer is sent. Default: gzip. */
  compress?: (archive: Buffer) => Buffer;
  /** What the configuration says instead of the layers' real diff IDs. */
  diffIds?: string[];
}

const sha256 = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** An OCI image of layers as they are given, however wrong they may be. */
export function rawImage({
  layers,
  config = {},
  compress = (bytes) => gzipSync(bytes),
  diffIds,
}: RawImage): BuiltImage {
  const diff_ids = diffIds ?? layers.map(sha256);
  const layerBlobs = layers.map((layer) =>
    blob("application/vnd.oci.image.layer.v1.tar+gzip", compress(layer)),
  );
  const document = { architecture: "amd64", os: "linux", config, rootfs: { type: "layers", diff_ids } };
  const configBlob = blob("application/vnd.oci.image.config.v1+json", Buffer.from(JSON.stringify(document)));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: descriptor(configBlob),
    layers: layerBlobs.map(descriptor),
  };
  return {
    blobs: [...layerBlobs, configBlob],
    manifests: [blob(mediaType, Buffer.from(JSON.stringify(manifest)))],
  };
}

function blob(mediaType: string, body: Buffer): Blob {
  return { mediaType, digest: sha256(body), body };
}

function descriptor({ mediaType, digest, body }: Blob): object {
  return { mediaType, digest, size: body.length };
}
