/** The images that are pulled and removed under kills: of two layers, one of them large enough that its blob is kept unfinished. */
import { gunzipSync } from "node:zlib";
import type { BuiltImage } from "../images/image.ts";
import { rawImage } from "../images/raw-image.ts";
import { rawTar } from "../images/raw-tar.ts";
import type { ServedImage } from "../registry/image-server.ts";
import { programImage } from "../support/program-image.ts";
import { Random } from "../support/random.ts";

/** The registry under which the daemon knows them. */
export const REGISTRY = "crash.test";
/** Blobs of 4 MiB and more are kept when a download is cut off. */
const LARGE = 4_300_000;

/** By name: images `app-0` to `app-3`, which share their base. */
export function crashImages(): Map<string, ServedImage> {
  const base = gunzipSync(programImage({}).blobs[0]!.body);
  return new Map([0, 1, 2, 3].map((number) => [`app-${number}`, appImage(base, number)]));
}

function appImage(base: Buffer, number: number): BuiltImage {
  const top = rawTar([
    { name: "app/", type: "5" },
    { name: "app/number", content: `${number}\n` },
    { name: "app/large", content: new Random(number).bytes(LARGE) },
    // In a folder that no entry describes: it is to look as in the layer below.
    { name: "bin/.wh.stat" },
    { name: "app/link", type: "2", linkName: "number" },
  ]);
  return rawImage({ layers: [base, top], config: { Env: ["PATH=/bin"], Cmd: ["sleep", "inf"] } });
}
