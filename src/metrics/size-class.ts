/** The sizes that CRI-O tells layers apart by. */

const MB = 1_000_000;
const names: [bytes: number, name: string][] = [
  [1000, ">1 KiB"],
  [MB, ">1 MiB"],
  [10 * MB, ">10 MiB"],
  [50 * MB, ">50 MiB"],
  [100 * MB, ">100 MiB"],
  [200 * MB, ">200 MiB"],
  [300 * MB, ">300 MiB"],
  [400 * MB, ">400 MiB"],
  [500 * MB, ">500 MiB"],
  [1000 * MB, ">1 GiB"],
  [10_000 * MB, ">10 GiB"],
];

/** Bounds of a histogram of layers, in bytes. */
export const layerSizes = names.map(([bytes]) => bytes);

/** CRI-O's name for the class of a size; its KiB have 1,000 bytes. */
export function sizeClass(bytes: number): string {
  return names.findLast(([bound]) => bytes > bound)?.[1] ?? ">0 B";
}
