/** Images that the trials pull: of few layers and many, of small files and large ones, with layers that they share. */
import { gunzipSync } from "node:zlib";
import type { BuiltImage } from "../images/image.ts";
import { rawImage } from "../images/raw-image.ts";
import { type Entry, tarLayer } from "../images/tar.ts";
import { programImage } from "../support/program-image.ts";
import type { Random } from "../support/random.ts";

const KIBI = 1024;
const MEBI = 1024 * KIBI;

/** By the name that each is served under. All have a shell; what is in them is drawn from `random`. */
export function trialImages(random: Random): Map<string, BuiltImage> {
  const programs = gunzipSync(programImage({}).blobs[0]!.body);
  const shared = tarLayer([
    ...files(random, "shared", 200, 8 * KIBI),
    { path: "shared/again", type: "hardlink", target: "shared/0/0" },
    { path: "shared/link", type: "symlink", target: "0/0" },
    { path: "shared/empty", type: "file", content: Buffer.alloc(0) },
    { path: "shared/sticky", type: "directory", mode: 0o1777 },
  ]);
  const images: [name: string, layers: Buffer[]][] = [
    ["programs", [programs]],
    ["small-files", [programs, shared, tarLayer(files(random, "small", 1200, 2 * KIBI))]],
    // Over what is kept of a download that was cut short.
    ["large", [programs, shared, tarLayer([file(random, "large", 12 * MEBI)])]],
    ["deep", [programs, shared, ...steps(random, 12)]],
    ["hiding", [programs, shared, tarLayer(hiding(random))]],
    ["owned", [programs, tarLayer(owned(random))]],
  ];
  return new Map(images.map(([name, layers]) => [name, rawImage({ layers })]));
}

function steps(random: Random, count: number): Buffer[] {
  return Array.from({ length: count }, (_, step) =>
    tarLayer([...files(random, `step-${step}`, 5, 4 * KIBI), file(random, "changed", 64 * KIBI)]),
  );
}

/** Files of the layers below that go, and a folder of which only what is new is to be seen. */
function hiding(random: Random): Entry[] {
  const nothing = Buffer.alloc(0);
  return [
    { path: "shared/0/.wh.1", type: "file", content: nothing },
    { path: "shared/1/.wh..wh..opq", type: "file", content: nothing },
    file(random, "shared/1/new", 3 * KIBI),
  ];
}

function owned(random: Random): Entry[] {
  return files(random, "owned", 50, KIBI).map((entry, at) => ({ ...entry, uid: 1000 + at, gid: 2000 }));
}

/** Files in folders of fifty; one of sixteen is empty. */
function files(random: Random, folder: string, count: number, maxBytes: number): Entry[] {
  return Array.from({ length: count }, (_, at) =>
    file(random, `${folder}/${Math.floor(at / 50)}/${at % 50}`, at % 16 === 15 ? 0 : random.below(maxBytes)),
  );
}

function file(random: Random, path: string, bytes: number): Entry {
  return { path, type: "file", content: random.bytes(bytes) };
}
