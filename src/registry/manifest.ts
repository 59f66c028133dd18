/** Manifests and indexes, read and validated (OCI image specification 1.1, Docker image manifest 2.2). */
import { type Descriptor, FormatError, objectAt, parseAnnotations, parseDescriptor } from "./descriptor.ts";
import {
  dockerManifest,
  dockerManifestList,
  isIndexType,
  isManifestType,
  isSchema1Type,
  ociIndex,
  ociManifest,
} from "./media-types.ts";

/** Bytes that a manifest or index may have: what registries themselves accept. */
export const maximumManifestBytes = 4 * 1024 * 1024;
/** Layers an image may have; overlayfs stacks at most 500. */
const maximumLayers = 500;

export interface Manifest {
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  artifactType?: string;
  annotations?: Record<string, string>;
}

export interface Index {
  mediaType: string;
  manifests: Descriptor[];
}

/** Whether a document that was read is an index. */
export function isIndex(document: Manifest | Index): document is Index {
  return isIndexType(document.mediaType);
}

/**
 * Reads a manifest or an index. The document's own `mediaType` must not contradict `contentType` (from the
 * response's header or the descriptor). Throws FormatError, for schema 1 too.
 */
export function parseManifest(bytes: Uint8Array, contentType: string): Manifest | Index {
  const fields = objectAt(parseJson(bytes), "the manifest");
  const mediaType = mediaTypeOf(fields, contentType);
  if (fields.schemaVersion !== 2) {
    throw new FormatError(`schemaVersion is ${JSON.stringify(fields.schemaVersion)}, not 2`);
  }
  return isIndexType(mediaType) ? parseIndex(fields, mediaType) : parseImage(fields, mediaType);
}

/** A document cannot be both: what has `layers` or `config` must have no `manifests` (CVE-2021-41190). */
function mediaTypeOf(fields: Record<string, unknown>, contentType: string): string {
  const own = typeof fields.mediaType === "string" ? fields.mediaType : undefined;
  if (fields.schemaVersion === 1 || isSchema1Type(own ?? contentType)) {
    throw new FormatError(
      "it is of Docker's schema 1, which is not supported: push the image again with a current tool",
    );
  }
  const told = isIndexType(contentType) || isManifestType(contentType) ? contentType : undefined;
  if (own && told && own !== told) throw new FormatError(`it says ${own}, but was served as ${told}`);
  const looksLikeIndex = "manifests" in fields;
  if (looksLikeIndex && ("layers" in fields || "config" in fields)) {
    throw new FormatError("it has both manifests and layers");
  }
  const mediaType = own ?? told ?? (looksLikeIndex ? ociIndex : ociManifest);
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
    throw new FormatError(
      `its media type is ${JSON.stringify(mediaType)}, not one of ${ociManifest}, ${ociIndex}, ${dockerManifest}, ${dockerManifestList}`,
    );
  }
  return mediaType;
}

function parseIndex(fields: Record<string, unknown>, mediaType: string): Index {
  return { mediaType, manifests: descriptors(fields.manifests, "manifests") };
}

function parseImage(fields: Record<string, unknown>, mediaType: string): Manifest {
  const layers = descriptors(fields.layers, "layers");
  if (layers.length > maximumLayers)
    throw new FormatError(`it has ${layers.length} layers, over ${maximumLayers}`);
  const config = parseDescriptor(fields.config, "config");
  const annotations = parseAnnotations(fields.annotations, "annotations");
  const artifactType = typeof fields.artifactType === "string" ? fields.artifactType : undefined;
  return {
    mediaType,
    config,
    layers,
    ...(artifactType && { artifactType }),
    ...(annotations && { annotations }),
  };
}

function descriptors(value: unknown, where: string): Descriptor[] {
  if (!Array.isArray(value)) throw new FormatError(`${where} is not a list`);
  return value.map((entry, index) => parseDescriptor(entry, `${where}[${index}]`));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new FormatError("it is not JSON", { cause: error });
  }
}
