import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Entry, tarLayer } from "./tar.ts";

/** The `config` object of an image (OCI image-spec, config.md), as far as the test images use it. */
export interface ImageConfig {
  User?: string;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  WorkingDir?: string;
  ExposedPorts?: Record<string, object>;
  Labels?: Record<string, string>;
  StopSignal?: string;
}

/** What an image is made of, and how the registry is to serve it. */
export interface ImageRecipe {
  /** Names with tags, registry first; the same image stands under each. */
  references: string[];
  layers: readonly (readonly Entry[])[];
  config: ImageConfig;
  /** OCI image-spec or Docker's "schema 2" media types. */
  format: "oci" | "docker";
  /** Serve a list of two platforms, linux/arm64 first, so that a client has to choose. */
  multiPlatform?: boolean;
}

export interface Blob {
  digest: string;
  mediaType: string;
  body: Buffer;
}

/** A built image. `manifests` are in the order in which a registry accepts them; the last is what the tag names. */
export interface BuiltImage {
  blobs: Blob[];
  manifests: Blob[];
}

const MEDIA_TYPES = {
  oci: {
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    list: "application/vnd.oci.image.index.v1+json",
  },
  docker: {
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    list: "application/vnd.docker.distribution.manifest.list.v2+json",
  },
} as const;

const CREATED = "2026-01-01T00:00:00Z";
const FOREIGN_LAYER: readonly Entry[] = [
  { path: "foreign", type: "file", content: Buffer.from("This platform's image was not asked for.\n") },
];

/** Builds layers, config, manifest and, where asked for, the list of platforms. Same recipe, same digests. */
export function buildImage(recipe: ImageRecipe): BuiltImage {
  const types = MEDIA_TYPES[recipe.format];
  const native = buildPlatform(recipe, "amd64", recipe.layers);
  if (!recipe.multiPlatform) return native;
  const foreign = buildPlatform(recipe, "arm64", [FOREIGN_LAYER]);
  const list = jsonBlob(types.list, {
    schemaVersion: 2,
    mediaType: types.list,
    manifests: [
      {
        ...descriptor(foreign.manifests[0]!),
        platform: { architecture: "arm64", os: "linux", variant: "v8" },
      },
      { ...descriptor(native.manifests[0]!), platform: { architecture: "amd64", os: "linux" } },
    ],
  });
  return {
    blobs: [...foreign.blobs, ...native.blobs],
    manifests: [...foreign.manifests, ...native.manifests, list],
  };
}

function buildPlatform(
  recipe: ImageRecipe,
  architecture: string,
  contents: readonly (readonly Entry[])[],
): BuiltImage {
  const types = MEDIA_TYPES[recipe.format];
  const packed = contents.map(packLayer);
  const layers = packed.map(({ digest, body }) => ({ digest, body, mediaType: types.layer }));
  const config = jsonBlob(types.config, {
    created: CREATED,
    architecture,
    os: "linux",
    config: recipe.config,
    rootfs: { type: "layers", diff_ids: packed.map((layer) => layer.diffId) },
    history: packed.map(() => ({ created: CREATED, created_by: "critter test images" })),
  });
  const manifest = jsonBlob(types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
  return { blobs: [...layers, config], manifests: [manifest] };
}

interface PackedLayer {
  diffId: string;
  digest: string;
  body: Buffer;
}

// Many images stand on the same layers: each is packed once.
const packedLayers = new WeakMap<readonly Entry[], PackedLayer>();

function packLayer(entries: readonly Entry[]): PackedLayer {
  const known = packedLayers.get(entries);
  if (known) return known;
  const tar = tarLayer(entries);
  const body = gzipSync(tar, { level: 6 });
  const packed = { diffId: digestOf(tar), digest: digestOf(body), body };
  packedLayers.set(entries, packed);
  return packed;
}

function jsonBlob(mediaType: string, value: object): Blob {
  const body = Buffer.from(JSON.stringify(value));
  return { digest: digestOf(body), mediaType, body };
}

function descriptor(blob: Blob) {
  return { mediaType: blob.mediaType, digest: blob.digest, size: blob.body.length };
}

function digestOf(body: Buffer): string {
  return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}
