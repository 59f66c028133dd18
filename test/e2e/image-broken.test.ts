import { createHash } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Blob } from "../images/image.ts";
import { rawImage } from "../images/raw-image.ts";
import { rawTar } from "../images/raw-tar.ts";
import type { ServedImage } from "../registry/image-server.ts";
import { trials } from "../support/image-trials.ts";
import { suite } from "../support/suite.ts";

const { run } = trials(suite());

const good = rawTar([{ name: "good", content: "good" }]);
const large = rawTar([{ name: "large", content: noise(6_000_000) }]);
const INDEX = "application/vnd.oci.image.index.v1+json";
const platform = { os: "linux", architecture: "amd64" };
const digestOf = (body: Buffer) => `sha256:${createHash("sha256").update(body).digest("hex")}`;

interface Manifest {
  layers: { size: number }[];
  annotations?: Record<string, string>;
}

/** What no compression makes smaller. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, word = 1; i < length; i += 4) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(word, i);
  }
  return bytes;
}

/** An image whose manifest says something else, under its right digest. */
function withManifest(image: ServedImage, change: (manifest: Manifest) => void): ServedImage {
  const [{ mediaType, body }] = image.manifests as [Blob];
  const manifest = JSON.parse(body.toString());
  change(manifest);
  return { ...image, manifests: [json(mediaType, manifest)] };
}

function json(mediaType: string, value: object): Blob {
  const body = Buffer.from(JSON.stringify(value));
  return { mediaType, digest: digestOf(body), body };
}

/** The first layer comes as other bytes than the manifest says. */
function lying(image: ServedImage, change: (body: Buffer) => Buffer): ServedImage {
  const [{ digest, body }] = image.blobs as [Blob];
  return { ...image, lies: { [digest]: change(body) } };
}

const sized = (by: number, layer = large) =>
  withManifest(rawImage({ layers: [layer] }), ({ layers }) => {
    layers[0]!.size += by;
  });

const indexOf = (inner: Blob): Blob =>
  json(INDEX, {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [{ mediaType: inner.mediaType, digest: inner.digest, size: inner.body.length, platform }],
  });

function nested(depth: number): ServedImage {
  const image = rawImage({ layers: [good] });
  const manifests = [...image.manifests];
  for (let i = 0; i < depth; i++) manifests.push(indexOf(manifests.at(-1)!));
  return { ...image, manifests };
}

/** An index that names itself can only be served by a lie: no digest is its own. */
function cyclic(): ServedImage {
  const bogus = { mediaType: INDEX, digest: `sha256:${"c".repeat(64)}`, body: Buffer.alloc(400) };
  const index = indexOf(bogus);
  return { blobs: [], manifests: [{ ...bogus, body: index.body }, index] };
}

function longManifest(): ServedImage {
  return withManifest(rawImage({ layers: [good] }), (manifest) => {
    manifest.annotations = { long: "x".repeat(5 * 1024 * 1024) };
  });
}

const cut = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1);
const flipped = (bytes: Buffer) => {
  const other = Buffer.from(bytes);
  other[other.length >> 1]! ^= 0x55;
  return other;
};
const wrongDiff = `sha256:${"1".repeat(64)}`;
const LAYER = /layer sha256:[0-9a-f]{64}: .*/.source;

const table: Record<string, [image: ServedImage, message: RegExp]> = {
  "truncated gzip": [
    rawImage({ layers: [large], compress: (bytes) => cut(gzipSync(bytes)) }),
    RegExp(`${LAYER}unexpected end`),
  ],
  "truncated archive": [rawImage({ layers: [cut(large)] }), RegExp(`${LAYER}breaks off`)],
  "spoilt gzip": [
    rawImage({ layers: [large], compress: (bytes) => flipped(gzipSync(bytes)) }),
    RegExp(LAYER),
  ],
  "no archive": [rawImage({ layers: [Buffer.alloc(5000, "x")] }), RegExp(`${LAYER}it cannot be unpacked`)],
  "empty blob": [rawImage({ layers: [good], compress: () => Buffer.alloc(0) }), RegExp(LAYER)],
  "wrong digest": [
    lying(rawImage({ layers: [large] }), flipped),
    RegExp(`${LAYER}what the registry sent has the digest`),
  ],
  "wrong digest of another layer": [
    lying(rawImage({ layers: [good], compress: (bytes) => bytes }), (bytes) =>
      Buffer.concat([bytes.subarray(512), bytes.subarray(0, 512)]),
    ),
    RegExp(`${LAYER}what the registry sent has the digest`),
  ],
  "wrong diff id": [rawImage({ layers: [good], diffIds: [wrongDiff] }), RegExp(`${LAYER}diff ID`)],
  "diff ids of other number": [rawImage({ layers: [good], diffIds: [wrongDiff, wrongDiff] }), /1 layers/],
  "size too small": [sized(-1000), /blob sha256:[0-9a-f]{64}/],
  "size too large": [sized(1000), /blob sha256:[0-9a-f]{64}/],
  "size too small, chunked": [{ ...sized(-1000), chunked: true }, /blob sha256:[0-9a-f]{64} has more/],
  // Small, since a large blob that breaks off is kept for the next attempt.
  "size too large, chunked": [{ ...sized(1000, good), chunked: true }, /blob sha256:[0-9a-f]{64}/],
  "manifest of 5 MiB": [longManifest(), /manifest.*4194304/],
  "cyclic index": [cyclic(), /digest|size/],
  "deep index": [nested(4), /nested deeper than 3/],
  "schema 1": [
    {
      blobs: [],
      manifests: [json("application/vnd.docker.distribution.manifest.v1+json", { schemaVersion: 1 })],
    },
    /schema 1/,
  ],
};

for (const [name, [image, refused]] of Object.entries(table)) {
  const reference = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  test(`${name} is refused`, () => run({ name: reference, image, refused }));
}

test("an index of an index is an image", () => run({ name: "nested", image: nested(2) }));
