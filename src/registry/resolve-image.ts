/** From a reference to the one manifest that this machine runs, its configuration and its layers. */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";
import type { FetchedManifest, PullOptions, RegistryClient } from "./client.ts";
import type { Descriptor, Platform } from "./descriptor.ts";
import { type Index, isIndex, type Manifest } from "./manifest.ts";
import { isImageConfigType, layerCompression } from "./media-types.ts";
import { choosePlatform, hostPlatform, listPlatforms, platformName } from "./platform.ts";
import type { Reference } from "./reference.ts";

export interface ResolvedImage {
  manifest: Manifest;
  manifestBytes: Buffer;
  manifestDigest: string;
  /** Of the outermost index, where there is one. */
  indexDigest: string | undefined;
  /** The digest the reference was found by, for RepoDigests: the index's, else the manifest's. */
  repoDigest: string;
  config: Descriptor;
  /** Base layer first. */
  layers: Descriptor[];
  /** Of an artifact, which is no image that can be run: what it is instead. */
  artifactType: string | undefined;
  /** Where the manifest came from; as `endpoint` of the blobs' requests it is asked first. */
  endpoint: string;
}

export interface ResolveOptions extends PullOptions {
  /** The host's unless told. */
  platform?: Platform | undefined;
  /** Whether an artifact will do as well. Default: no. */
  artifacts?: boolean | undefined;
}

/** An index may point to indexes; nobody nests them deeper. */
const maximumDepth = 3;

/**
 * Finds the image of `reference`. Throws NOT_FOUND when it has nothing for the platform, FAILED_PRECONDITION when it
 * is no container image, DATA_LOSS when sizes contradict, and what `RegistryClient.manifest` throws.
 */
export async function resolveImage(
  client: RegistryClient,
  reference: Reference,
  options: ResolveOptions = {},
): Promise<ResolvedImage> {
  const { platform = hostPlatform(), artifacts = false, ...pull } = options;
  const outermost = await client.manifest(reference, pull);
  let found = outermost;
  for (let depth = 0; isIndex(found.document); depth++) {
    if (depth === maximumDepth)
      throw unusable(reference, `its indexes are nested deeper than ${maximumDepth}`);
    const chosen = choose(reference, found.document, platform);
    found = await client.manifest(reference.withDigest(chosen.digest), { ...pull, endpoint: found.endpoint });
    checkAgainst(reference, chosen, found);
  }
  const manifest = found.document as Manifest;
  const artifactType = artifactTypeOf(manifest);
  if (artifactType === undefined) checkLayerTypes(reference, manifest);
  else if (!artifacts) throw unusable(reference, notAnImage(artifactType));
  return {
    manifest,
    manifestBytes: found.bytes,
    manifestDigest: found.digest,
    indexDigest: found === outermost ? undefined : outermost.digest,
    repoDigest: outermost.digest,
    config: manifest.config,
    layers: manifest.layers,
    artifactType,
    endpoint: found.endpoint,
  };
}

function choose(reference: Reference, { manifests }: Index, platform: Platform): Descriptor {
  const chosen = choosePlatform(manifests, platform);
  if (chosen) return chosen;
  throw new StatusError(
    status.NOT_FOUND,
    `image ${reference} has nothing for ${platformName(platform)}; it has: ${listPlatforms(manifests)}`,
  );
}

function checkAgainst(
  reference: Reference,
  { digest, size, mediaType }: Descriptor,
  found: FetchedManifest,
): void {
  if (found.bytes.length !== size) {
    const message = `image ${reference}: its index gives manifest ${digest} ${size} bytes; it has ${found.bytes.length}`;
    throw new StatusError(status.DATA_LOSS, message);
  }
  if (found.mediaType !== mediaType) {
    throw unusable(reference, `its index calls manifest ${digest} ${mediaType}; it is ${found.mediaType}`);
  }
}

/** What an artifact is (OCI image specification 1.1, manifest.md); undefined for an image. */
function artifactTypeOf({ config, artifactType }: Manifest): string | undefined {
  return artifactType ?? (isImageConfigType(config.mediaType) ? undefined : config.mediaType);
}

/** Why what has this artifact type cannot be run. */
export function notAnImage(artifactType: string): string {
  return `it is an artifact of type ${artifactType}, not a container image`;
}

function checkLayerTypes(reference: Reference, { layers }: Manifest): void {
  const odd = layers.findIndex((layer) => layerCompression(layer.mediaType) === undefined);
  if (odd >= 0) throw unusable(reference, `the media type of layer ${odd} is ${layers[odd]!.mediaType}`);
}

function unusable(reference: Reference, reason: string): StatusError {
  return new StatusError(status.FAILED_PRECONDITION, `image ${reference} cannot be run: ${reason}`);
}
