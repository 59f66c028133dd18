import assert from "node:assert/strict";
import { test } from "node:test";
import { FormatError } from "./descriptor.ts";
import { isIndex, parseManifest } from "./manifest.ts";
import {
  dockerManifest,
  dockerManifestList,
  layerCompression,
  ociConfig,
  ociIndex,
  ociManifest,
} from "./media-types.ts";

const digest = `sha256:${"a".repeat(64)}`;
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const config = { mediaType: ociConfig, digest, size: 2 };
const image = { schemaVersion: 2, config, layers: [{ mediaType: layerType, digest, size: 1 }] };
const index = { schemaVersion: 2, manifests: [{ mediaType: ociManifest, digest, size: 3 }] };

function parse(value: unknown, type = "") {
  return parseManifest(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)), type);
}

test("the type is the document's, else the header's, else what it looks like", () => {
  assert.equal(parse({ ...image, mediaType: dockerManifest }).mediaType, dockerManifest);
  assert.equal(parse(image, dockerManifest).mediaType, dockerManifest);
  assert.equal(parse(image, "application/json").mediaType, ociManifest);
  assert.equal(parse(index, "text/plain").mediaType, ociIndex);
  assert.ok(isIndex(parse(index, dockerManifestList)));
});

test("unknown fields are dropped, platform and annotations kept", () => {
  const platform = { os: "linux", architecture: "arm", variant: "v7", features: ["x"] };
  const manifests = [{ ...index.manifests[0], platform, annotations: { a: "b" }, urls: [] }];
  const parsed = parse({ ...index, manifests });
  assert.ok(isIndex(parsed));
  assert.deepEqual(parsed.manifests, [
    {
      mediaType: ociManifest,
      digest,
      size: 3,
      platform: { os: "linux", architecture: "arm", variant: "v7" },
      annotations: { a: "b" },
    },
  ]);
});

const layer = image.layers[0]!;
const refused: [what: string, value: unknown, type: string, reason: RegExp][] = [
  ["no JSON", "<html>", "", /not JSON/],
  ["a list", [], "", /not an object/],
  ["schema 1", { schemaVersion: 1, fsLayers: [] }, "", /schema 1.*push the image again/],
  ["signed schema 1", image, "application/vnd.docker.distribution.manifest.v1+prettyjws", /schema 1/],
  ["schema 3", { ...image, schemaVersion: 3 }, "", /schemaVersion is 3/],
  ["no schema version", { ...image, schemaVersion: undefined }, "", /schemaVersion/],
  ["two types", { ...image, mediaType: ociManifest }, ociIndex, /served as/],
  ["both at once", { ...image, ...index }, "", /both/],
  ["another type", { ...image, mediaType: "text/html" }, "", /media type/],
  ["no config", { ...image, config: undefined }, "", /config is not an object/],
  ["no layers", { ...image, layers: undefined }, "", /layers is not a list/],
  ["too many layers", { ...image, layers: Array(501).fill(layer) }, "", /501 layers/],
  ["a negative size", { ...image, layers: [{ ...layer, size: -1 }] }, "", /layers\[0\]\.size is -1/],
  ["a size with a fraction", { ...image, layers: [{ ...layer, size: 0.5 }] }, "", /size/],
  ["a short digest", { ...image, layers: [{ ...layer, digest: "sha256:1" }] }, "", /layers\[0\]\.digest/],
  ["a digest that is a path", { ...image, config: { ...config, digest: "../../x" } }, "", /config\.digest/],
  ["no media type", { ...index, manifests: [{ digest, size: 1 }] }, "", /manifests\[0\] has no mediaType/],
];

for (const [what, value, type, reason] of refused) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => parse(value, type),
      (error) => error instanceof FormatError && reason.test(error.message),
    );
  });
}

test("layers tell their compression", () => {
  assert.equal(layerCompression(layerType), "gzip");
  assert.equal(layerCompression("application/vnd.oci.image.layer.v1.tar+zstd"), "zstd");
  assert.equal(layerCompression("application/vnd.oci.image.layer.v1.tar"), "none");
  assert.equal(layerCompression("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"), "gzip");
  assert.equal(layerCompression("application/vnd.docker.image.rootfs.diff.tar.gzip"), "gzip");
  assert.equal(layerCompression("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"), "gzip");
  assert.equal(layerCompression("application/vnd.oci.image.layer.v1.tar+gzip+encrypted"), undefined);
  assert.equal(layerCompression("application/json"), undefined);
});
