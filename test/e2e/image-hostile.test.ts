import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { rawImage } from "../images/raw-image.ts";
import { type RawEntry, rawHeader, rawTar } from "../images/raw-tar.ts";
import { type Trial, trials } from "../support/image-trials.ts";
import { suite } from "../support/suite.ts";

const LIMIT = 100_000_000;
const parts = suite({ settings: { "crio.image": { max_layer_size: LIMIT } } });
const { outside, run } = trials(parts);

const SECRET = `${outside}/secret`;
const UP = "../".repeat(20);
const LINK: RawEntry = { name: "link", type: "2", linkName: outside };

const image = (...layers: RawEntry[][]) => rawImage({ layers: layers.map(rawTar) });

/** Layers that reach for what lies outside, and end up inside. */
const confined: Record<string, RawEntry[][]> = {
  "name-up": [[{ name: `${UP}${SECRET}`, content: "evil" }]],
  "name-up-inside": [[{ name: `x/${UP}${SECRET}`, content: "evil" }]],
  "name-absolute": [[{ name: SECRET, content: "evil" }]],
  "symlink-absolute": [[LINK, { name: "link/secret", content: "evil" }]],
  "symlink-up": [
    [
      { ...LINK, linkName: `${UP}${outside}` },
      { name: "link/secret", content: "evil" },
    ],
  ],
  "symlink-to-file": [
    [
      { ...LINK, linkName: SECRET },
      { name: "link", content: "evil" },
    ],
  ],
  "symlink-becomes-folder": [[LINK, { name: "link/", type: "5", mode: 0o777, uid: 7 }]],
  "symlink-of-earlier-layer": [[LINK], [{ name: "link/secret", content: "evil" }]],
  "symlink-chain-of-layers": [
    [{ name: "a", type: "2", linkName: "b" }],
    [{ name: "b", type: "2", linkName: outside }],
    [{ name: "a/secret", content: "evil" }, { name: "b/.wh.secret" }],
  ],
  "symlink-of-earlier-layer-whiteout": [[LINK], [{ name: "link/.wh.secret" }, { name: "link/.wh..wh..opq" }]],
  "symlink-whiteout": [[LINK, { name: "link/.wh.secret" }, { name: "link/.wh..wh..opq" }]],
  "whiteout-absolute": [[{ name: `${UP}${outside}/.wh.secret` }]],
  "whiteout-of-root": [[{ name: "file" }], [{ name: ".wh..wh..opq" }]],
  "device-in-root": [
    [
      { name: "disk", type: "4", device: [8, 0], mode: 0o666 },
      { name: "memory", type: "3", device: [1, 1], mode: 0o666 },
      { name: "fifo", type: "6" },
    ],
  ],
  "duplicate-paths": [
    [
      { name: "a", content: "first" },
      { name: "a", type: "2", linkName: outside },
      { name: "a", content: "third" },
      { name: "a/", type: "5" },
      { name: "a/b", content: "x" },
      { name: "a", type: "6" },
    ],
  ],
  "own-attributes-of-overlay": [
    [{ name: "d/", type: "5", pax: { "SCHILY.xattr.trusted.overlay.redirect": outside } }],
  ],
};

/** Layers that no reading makes sense of. */
const refused: Record<string, [layer: RawEntry[], message: RegExp]> = {
  "hardlink-absolute": [[{ name: "h", type: "1", linkName: SECRET }], /ENOENT/],
  "hardlink-up": [[{ name: "h", type: "1", linkName: `${UP}${SECRET}` }], /ENOENT/],
  "hardlink-through-symlink": [[LINK, { name: "h", type: "1", linkName: "link/secret" }], /ENOENT/],
  "whiteout-of-parent": [[{ name: "sub/.wh..." }], /sub\/\.wh\.\.\. is a whiteout of no file/],
  "whiteout-of-itself": [[{ name: "sub/.wh.." }], /whiteout of no file/],
  "whiteout-of-nothing": [[{ name: "sub/.wh." }], /whiteout of no file/],
  "symlink-loop": [[{ name: "l", type: "2", linkName: "l" }, { name: "l/f" }], /too many symlinks/],
  "below-what-was-a-symlink": [
    [LINK, { name: "link/a" }, { name: "link", content: "x" }, { name: "link/b" }],
    /link has entries in it, but is not a folder/,
  ],
  "symlinks-without-end": [
    Array.from({ length: 45 }, (_, i) => ({ name: `l${i}`, type: "2", linkName: `l${i + 1}` })).concat({
      name: "l0/f",
      type: "0",
      linkName: "",
    }),
    /too many symlinks/,
  ],
  "below-a-file": [[{ name: "file" }, { name: "file/below" }], /not a folder/],
  "root-is-a-file": [[{ name: ".", content: "x" }], /root of the layer is a file/],
  "root-is-a-link": [[{ name: "..", type: "2", linkName: outside }], /root of the layer is a symlink/],
  "too-deep": [[{ name: "deep", pax: { path: "d/".repeat(2100) } }], /over 4095/],
  "unknown-type": [[{ name: "odd", type: "V" }], /odd is of the type "V"/],
  "huge-header": [[{ name: "p", type: "x", size: 4e9 }], /extended header has/],
  "negative-size": [[{ name: "n", size: -1 }], /size of -1/],
  "name-with-nul": [[{ name: "p", pax: { path: "a\0b" } }], /NUL/],
  checksum: [[{ name: "c", content: Buffer.concat([spoilt()]), size: 0 }], /checksum/],
};

function spoilt(): Buffer {
  const header = rawHeader({ name: "a" });
  header[0] = 0x62;
  return header;
}

const inLayer = (message: RegExp) => new RegExp(`layer sha256:[0-9a-f]{64}: .*${message.source}`);

const table: Trial[] = [
  ...Object.entries(confined).map(([name, layers]) => ({ name, image: image(...layers) })),
  ...Object.entries(refused).map(([name, [layer, message]]) => ({
    name,
    // A good layer below goes with the bad one.
    image: image([{ name: "good", content: name }], layer),
    refused: inLayer(message),
  })),
];

for (const trial of table)
  test(`${trial.name} ${trial.refused ? "is refused" : "is confined"}`, () => run(trial));

test("nobody but root gets at the devices and set-user-ID programs of layers", () => {
  assert.equal(statSync(join(parts.daemon.folder, "root/storage/overlay")).mode & 0o777, 0o700);
});

test("a sparse file of 10 GiB takes what is in it", async () => {
  const [size, word] = [10 * 2 ** 30, "words"];
  const map = `0,${word.length},${size - word.length},${word.length}`;
  const pax = { "GNU.sparse.size": `${size}`, "GNU.sparse.map": map };
  await run({ name: "sparse", image: image([{ name: "sparse", content: word + word, pax }]) });
});

test("a compression bomb is refused at the limit, of each format", async () => {
  const bomb = rawTar([{ name: "bomb", content: Buffer.alloc(LIMIT) }]);
  const refused = inLayer(RegExp(`it unpacks to over ${LIMIT} bytes, the limit of max_layer_size`));
  for (const [format, compress] of Object.entries({ gzip: gzipSync, zstd: zstdCompressSync })) {
    const image = rawImage({ layers: [bomb], compress: (bytes) => compress(bytes) });
    await run({ name: `bomb-${format}`, image, refused });
  }
  // The largest that may be, header and end counted.
  const largest = rawTar([{ name: "large", content: Buffer.alloc(LIMIT - (LIMIT % 512) - 3 * 512) }]);
  await run({ name: "largest", image: rawImage({ layers: [largest] }) });
});

test("100,000 entries are unpacked", async () => {
  const entries = Array.from({ length: 100_000 }, (_, i): RawEntry => ({ name: `d${i % 100}/f${i}` }));
  await run({ name: "entries", image: image(entries) });
});
