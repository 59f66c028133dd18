import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDir, sourceKey } from "../cache.ts";
import { Registry } from "../registry/registry.ts";
import { makeContents } from "./contents.ts";
import { buildImage, type ImageRecipe } from "./image.ts";
import { pushImage } from "./push.ts";
import { recipes } from "./recipes.ts";
import { SIZED_IMAGES } from "./sized.ts";

/** `base`: what critest, the tests and the demonstration pull. `sized`: what the benchmark of pulls needs too. */
export type ImageSet = "base" | "sized";

/** What a reference in the store stands for: the digest is that of the manifest or index the tag names. */
export interface StoredImage {
  reference: string;
  digest: string;
  mediaType: string;
}

/** The folder that a registry serves, in the cache, keyed by the recipes. */
export function storeFolder(): string {
  return join(cacheDir(), "images", sourceKey(import.meta.dirname));
}

/** The references of a set that was built, with their digests. Throws where `scripts/setup` has not run. */
export async function storedImages(set: ImageSet): Promise<StoredImage[]> {
  return JSON.parse(await readFile(listFile(set), "utf8"));
}

/** Builds the images of a set into the store, unless they are there. Answers whether there was anything to do. */
export async function ensureImages(set: ImageSet): Promise<boolean> {
  if (existsSync(listFile(set))) return false;
  await mkdir(storeFolder(), { recursive: true });
  await using registry = await Registry.start({ storage: storeFolder(), writable: true });
  const stored: StoredImage[] = [];
  for (const recipe of await recipesOf(set)) stored.push(...(await store(registry.address, recipe())));
  // The list appears last and at once: a set that was cut short is built again.
  const unfinished = `${listFile(set)}.${process.pid}`;
  await writeFile(unfinished, `${JSON.stringify(stored, null, 2)}\n`);
  await rename(unfinished, listFile(set));
  return true;
}

function listFile(set: ImageSet): string {
  return join(storeFolder(), `${set}.json`);
}

async function recipesOf(set: ImageSet): Promise<readonly (() => ImageRecipe)[]> {
  if (set === "sized") return SIZED_IMAGES;
  return recipes(await makeContents()).map((recipe) => () => recipe);
}

async function store(address: string, recipe: ImageRecipe): Promise<StoredImage[]> {
  const image = buildImage(recipe);
  const { digest, mediaType } = image.manifests.at(-1)!;
  for (const reference of recipe.references) {
    const tagAt = reference.lastIndexOf(":");
    await pushImage(address, reference.slice(0, tagAt), reference.slice(tagAt + 1), image);
  }
  return recipe.references.map((reference) => ({ reference, digest, mediaType }));
}
