/** An artifact as a folder: one file for each of its blobs (OCI image specification 1.1, manifest.md, "Artifact Usage"). */
import { type Descriptor, FormatError } from "../registry/descriptor.ts";
import { digestOf } from "../registry/digest.ts";
import type { Manifest } from "../registry/manifest.ts";
import { ociEmpty } from "../registry/media-types.ts";
import type { ImageConfig } from "./image-config.ts";
import type { LayerSpec } from "./layer-maker.ts";

const titleAnnotation = "org.opencontainers.image.title";
const maximumNameBytes = 255;
const maximumPathBytes = 2048;
/** A title that is no good is shown up to here: messages are headers. */
const shownTitle = 100;

/** In place of the configuration that an artifact has not. */
export const noConfig: ImageConfig = {
  architecture: "",
  os: "",
  config: {},
  rootfs: { type: "layers", diff_ids: [] },
};

/**
 * The layers of an artifact: each holds one blob, so that artifacts share what is the same in them, and none lies on
 * another. The file has the path of the blob's title, else `ALGORITHM-HEX` by its digest. Throws FormatError for
 * titles that are no relative paths, or that contradict each other.
 */
export function artifactLayers({ layers }: Pick<Manifest, "layers">): LayerSpec[] {
  const files = new Map<string, string>();
  const specs = layers.filter(isContent).map((descriptor): LayerSpec => {
    const { digest } = descriptor;
    const file = pathOf(descriptor);
    const other = files.get(file);
    if (other !== undefined) throw new FormatError(`blobs ${other} and ${digest} are both ${shown(file)}`);
    files.set(file, digest);
    const chainId = digestOf(Buffer.from(`${digest} as ${file}`));
    return { chainId, diffId: digest, descriptor, parent: undefined, file };
  });
  for (const [file, digest] of files) {
    const folder = foldersOf(file).find((path) => files.has(path));
    if (folder === undefined) continue;
    throw new FormatError(`blob ${digest} is ${shown(file)}, but ${shown(folder)} is a file too`);
  }
  return specs;
}

/** A manifest must have a blob; the empty one stands for none. */
function isContent({ mediaType, annotations }: Descriptor): boolean {
  return mediaType !== ociEmpty || annotations?.[titleAnnotation] !== undefined;
}

function pathOf({ digest, annotations }: Descriptor): string {
  const title = annotations?.[titleAnnotation];
  if (title === undefined) return digest.replace(":", "-");
  const names = title.split("/").filter((name) => name !== "" && name !== ".");
  const problem = titleProblem(title, names);
  if (problem) throw new FormatError(`blob ${digest} has the title ${shown(title)}: ${problem}`);
  return names.join("/");
}

function titleProblem(title: string, names: string[]): string | undefined {
  if (names.length === 0) return "it names no file";
  if (title.startsWith("/")) return "it must be relative";
  if (title.includes("\0")) return "it has a NUL";
  if (names.includes("..")) return "it must have no part that is ..";
  const isLong = names.some((name) => Buffer.byteLength(name) > maximumNameBytes);
  return isLong || Buffer.byteLength(title) > maximumPathBytes ? "it is too long" : undefined;
}

/** The folders that a path leads through. */
function foldersOf(path: string): string[] {
  const names = path.split("/");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"));
}

function shown(title: string): string {
  return JSON.stringify(title.length > shownTitle ? `${title.slice(0, shownTitle)}…` : title);
}
