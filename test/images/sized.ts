import type { ImageRecipe } from "./image.ts";
import type { Entry } from "./tar.ts";

const MEBI = 1024 * 1024;

/** Small images that are there together, under one name with the tags 0, 1, …. */
export const MANY = 200;
export const MANY_NAME = "docker.io/critter-bench/many";

/** The images whose pulls the benchmark measures, and those it lists. Each is made when it is asked for: they take memory. */
export const SIZED_IMAGES: readonly (() => ImageRecipe)[] = [
  () => sized("small-files", [smallFiles(10_000, 2048)]),
  () =>
    sized(
      "large-layers",
      range(6).map((layer) => [random(`layer-${layer}`, 32 * MEBI, layer + 1)]),
    ),
  () =>
    sized(
      "many-layers",
      range(41).map((layer) => [random(`layer-${layer}`, 4096, layer + 101)]),
    ),
  () =>
    sized(
      "gibibyte",
      range(8).map((layer) => [random(`layer-${layer}`, 128 * MEBI, layer + 201)]),
    ),
  ...range(MANY).map((number) => () => ({
    ...sized("many", [[random("file", 4096, number + 301)]]),
    references: [`${MANY_NAME}:${number}`],
  })),
];

function sized(name: string, layers: Entry[][]): ImageRecipe {
  return {
    references: [`docker.io/critter-bench/${name}:1`],
    layers,
    config: { Cmd: ["/none"] },
    format: "oci",
  };
}

/** Files in folders of a hundred. */
function smallFiles(count: number, size: number): Entry[] {
  return range(count).map((number) => {
    const folder = String(Math.floor(number / 100)).padStart(2, "0");
    return random(`files/${folder}/${number}`, size, number + 1);
  });
}

/** A file of numbers that do not compress, the same for the same seed (xorshift32). */
function random(path: string, size: number, seed: number): Entry {
  const words = new Uint32Array(size / 4);
  // Neighbouring seeds start far apart.
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return { path, type: "file", content: Buffer.from(words.buffer) };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
