/** The media types of images: OCI 1.1 and Docker's schema 2. */

export const ociIndex = "application/vnd.oci.image.index.v1+json";
export const ociManifest = "application/vnd.oci.image.manifest.v1+json";
export const ociConfig = "application/vnd.oci.image.config.v1+json";
/** Stands in an artifact's manifest for a configuration, or for a blob, that it has not. */
export const ociEmpty = "application/vnd.oci.empty.v1+json";
export const dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";
export const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
const dockerConfig = "application/vnd.docker.container.image.v1+json";

/** What a request for a manifest accepts, by preference. */
export const acceptedManifests = [ociIndex, ociManifest, dockerManifestList, dockerManifest].join(", ");

export const isIndexType = (type: string): boolean => type === ociIndex || type === dockerManifestList;
export const isManifestType = (type: string): boolean => type === ociManifest || type === dockerManifest;
export const isImageConfigType = (type: string): boolean => type === ociConfig || type === dockerConfig;

/** Docker's schema 1, whose layers carry no verifiable configuration; gone from registries since 2024. */
export const isSchema1Type = (type: string): boolean =>
  /^application\/vnd\.docker\.distribution\.manifest\.v1\+/.test(type);

export type Compression = "none" | "gzip" | "zstd";

const layerType =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1|docker\.image\.rootfs\.(?:foreign\.)?diff)\.tar(?:[.+](gzip|zstd))?$/;

/** How a layer of this media type is compressed; undefined when it is no layer of an image (or an encrypted one). */
export function layerCompression(type: string): Compression | undefined {
  const match = layerType.exec(type);
  return match ? ((match[1] as Compression | undefined) ?? "none") : undefined;
}
