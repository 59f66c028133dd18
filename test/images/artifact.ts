// Artifacts as oras pushes them: a manifest of blobs that are no layers of an image.
import { createHash } from "node:crypto";
import type { Blob, BuiltImage } from "./image.ts";

export interface ArtifactFile {
  /** None for a blob without one. */
  title?: string;
  content: string | Buffer;
  /** Default: the digest of the content. */
  digest?: string;
  mediaType?: string;
}

export interface ArtifactRecipe {
  files: ArtifactFile[];
  /** Default: a type of the tests' own; null for an artifact that only its configuration tells. */
  artifactType?: string | null;
  configType?: string;
}

export const ARTIFACT_TYPE = "application/vnd.critter.test";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const emptyType = "application/vnd.oci.empty.v1+json";
const sha256 = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** An artifact by OCI image specification 1.1, to be pushed with `pushImage`. */
export function artifact({
  files,
  artifactType = ARTIFACT_TYPE,
  configType = emptyType,
}: ArtifactRecipe): BuiltImage {
  const empty = blob(configType, "{}");
  const blobs = files.map(({ content, mediaType = "application/octet-stream" }) => blob(mediaType, content));
  const layers = blobs.map((one, index) => {
    const { title, digest = one.digest } = files[index]!;
    const annotations = title === undefined ? {} : { "org.opencontainers.image.title": title };
    return { ...descriptor(one), digest, annotations };
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    ...(artifactType && { artifactType }),
    config: descriptor(empty),
    layers: layers.length > 0 ? layers : [descriptor(blob(emptyType, "{}"))],
  };
  return { blobs: [...blobs, empty], manifests: [blob(manifestType, JSON.stringify(manifest))] };
}

function blob(mediaType: string, content: string | Buffer): Blob {
  const body = Buffer.from(content);
  return { mediaType, digest: sha256(body), body };
}

function descriptor({ mediaType, digest, body }: Blob): object {
  return { mediaType, digest, size: body.length };
}
