/** Verifies a store at rest: what its records say of each other, of the folders, and of the images' users. */
import { join } from "node:path";
import { digestOf, digestProblem } from "../registry/digest.ts";
import { type Manifest, parseManifest } from "../registry/manifest.ts";
import { artifactLayers } from "./artifact.ts";
import { chainIds } from "./chain.ts";
import type { StoreSnapshot, StoreUser } from "./check-snapshot.ts";
import type { ImageRecord } from "./image-record.ts";
import type { LayerRecord } from "./layer-record.ts";

/** What mends a finding: a record that goes with all that depends on it, or a path. */
export type Repair =
  | { kind: "image" | "layer"; id: string }
  | { kind: "record"; table: string; id: string }
  | { kind: "path"; path: string };

export interface Finding {
  /** One line: what it is about, and what is wrong with it. */
  text: string;
  /** Undefined where only the user can mend it; then the text says how. */
  repair: Repair | undefined;
}

/**
 * Everything that is wrong. Content is checked by what a layer's folder takes (files, folders, bytes in whole pages):
 * its diff ID is of the archive, which is not kept. The same goes for the configuration, which is kept parsed: it is
 * held against the manifest, whose bytes are kept, and against the layers' chain.
 */
export function checkStore(store: StoreSnapshot): Finding[] {
  const damaged = damagedLayers(store);
  return [
    ...store.unreadable.map(unreadableRecord),
    ...store.images.flatMap((image) => checkImage(store, image, damaged)),
    ...checkLayers(store, damaged),
    ...checkUsers(store),
    ...checkFolders(store),
  ];
}

/** The containers and pods that need an image. */
function usersOf({ users }: StoreSnapshot, imageId: string): StoreUser[] {
  return users.filter(({ imageIds }) => imageIds.includes(imageId));
}

function unreadableRecord({ table, id }: { table: string; id: string }): Finding {
  const text = `record ${id} of ${table}: it cannot be read`;
  // What containers and pods are made of is more than their record: the daemon sets it aside, and rolls back.
  const isImages = table === "images" || table === "layers";
  return { text, repair: isImages ? { kind: "record", table, id } : undefined };
}

/** What is wrong with layers, by chain ID. */
function damagedLayers({ layers, layerFolders, bootId }: StoreSnapshot): Map<string, string> {
  const damaged = new Map<string, string>();
  for (const [chainId, layer] of layers) {
    const problem = layerProblem(layer, layerFolders.get(layer.folder), bootId);
    if (problem) damaged.set(chainId, problem);
  }
  return damaged;
}

function layerProblem(
  { folder, bytes, inodes, unsyncedBoot }: LayerRecord,
  measured: ReturnType<StoreSnapshot["layerFolders"]["get"]>,
  bootId: string,
): string | undefined {
  if (unsyncedBoot !== undefined && unsyncedBoot !== bootId)
    return "it may not have reached the disk before the machine went down";
  if (measured === undefined) return `its folder ${folder} is missing`;
  if (typeof measured === "string") return `its folder ${folder} cannot be read: ${measured}`;
  if (measured.inodes !== inodes)
    return `its folder ${folder} has ${measured.inodes} files and folders, not ${inodes}`;
  if (measured.bytes !== bytes && !measured.holes)
    return `its folder ${folder} has ${measured.bytes} bytes, not ${bytes}`;
  return undefined;
}

function checkImage(
  store: StoreSnapshot,
  image: ImageRecord,
  damaged: ReadonlyMap<string, string>,
): Finding[] {
  const problems = [...recordProblems(image)];
  for (const chainId of image.layers) {
    if (!store.layers.has(chainId)) problems.push(`layer ${chainId} has no record`);
    const problem = damaged.get(chainId);
    if (problem) problems.push(`layer ${chainId}: ${problem}`);
  }
  if (problems.length === 0 && image.removed && usersOf(store, image.id).length === 0)
    problems.push("it was removed, and nobody uses it any more");
  const held = holdersOf(store, image, damaged);
  return problems.map((problem) => ({
    text: `image ${nameOf(image)}: ${problem}${held ? `; ${held} first: it is in use` : ""}`,
    repair: held ? undefined : { kind: "image", id: image.id },
  }));
}

function* recordProblems(image: ImageRecord): Generator<string> {
  const { manifest, manifestDigest } = image;
  const digest = digestLike(manifest, manifestDigest);
  if (digest !== manifestDigest) yield `its manifest has the digest ${digest}, not ${manifestDigest}`;
  yield* image.artifactType === undefined ? configProblems(image) : artifactProblems(image);
}

function* configProblems({ id, config, manifest, layers }: ImageRecord): Generator<string> {
  const configDigest = configDigestOf(manifest);
  if (configDigest !== id) yield `its manifest is of the configuration ${configDigest}`;
  const chain = chainIds(config.rootfs?.diff_ids ?? []);
  if (chain.join() !== layers.join()) yield "its layers are not those of its configuration's diff IDs";
}

function* artifactProblems({ id, manifest, layers }: ImageRecord): Generator<string> {
  if (digestLike(manifest, id) !== id) yield "its manifest is that of another artifact";
  if (artifactChain(manifest) !== layers.join()) yield "its layers are not the blobs of its manifest";
}

function artifactChain(manifest: string): string | undefined {
  try {
    const specs = artifactLayers(parseManifest(Buffer.from(manifest), "") as Manifest);
    return specs.map(({ chainId }) => chainId).join();
  } catch {
    return undefined;
  }
}

/** By the algorithm of `like`, or by sha256 where that is no digest. */
function digestLike(text: string, like: unknown): string {
  const isDigest = typeof like === "string" && digestProblem(like) === undefined;
  return digestOf(Buffer.from(text), isDigest ? like : undefined);
}

function configDigestOf(manifest: string): string {
  try {
    return String(JSON.parse(manifest).config.digest);
  } catch {
    return "(it cannot be read)";
  }
}

/** Who must go before the image and its damaged layers can: mounts are made of them. Empty when nobody has to. */
function holdersOf(store: StoreSnapshot, image: ImageRecord, damaged: ReadonlyMap<string, string>): string {
  const bad = image.layers.filter((chainId) => damaged.has(chainId));
  const sharing = store.images.filter(
    (other) => other.id === image.id || other.layers.some((chainId) => bad.includes(chainId)),
  );
  const users = new Set(sharing.flatMap(({ id }) => usersOf(store, id)));
  return users.size > 0 ? `remove ${[...users].map(({ kind, id }) => `${kind} ${id}`).join(", ")}` : "";
}

/** Layers of no image, and two of one folder; what else is wrong with layers is told with their images. */
function* checkLayers(store: StoreSnapshot, damaged: ReadonlyMap<string, string>): Generator<Finding> {
  const wanted = new Set(store.images.flatMap(({ layers }) => layers));
  const owners = new Map<string, string>();
  for (const { chainId, folder } of store.layers.values()) {
    const owner = owners.get(folder);
    owners.set(folder, chainId);
    if (owner)
      yield { text: `layer ${chainId}: its folder ${folder} is that of ${owner} too`, repair: undefined };
    if (wanted.has(chainId)) continue;
    const problem = damaged.get(chainId);
    const text = `layer ${chainId}: no image has it${problem ? `, and ${problem}` : ""}`;
    yield { text, repair: { kind: "layer", id: chainId } };
  }
}

function* checkUsers({ users, images }: StoreSnapshot): Generator<Finding> {
  const known = new Set(images.map(({ id }) => id));
  for (const { kind, id, imageIds } of users) {
    for (const imageId of imageIds) {
      if (imageId === "" || known.has(imageId)) continue;
      yield { text: `${kind} ${id}: its image ${imageId} is not here; remove it`, repair: undefined };
    }
  }
}

/** Folders and files that nothing speaks for; the daemon removes them at its start too. */
function* checkFolders(store: StoreSnapshot): Generator<Finding> {
  const orphan = (what: string, ...parts: string[]): Finding => {
    const path = join(store.root, ...parts);
    return { text: `${path}: ${what}`, repair: { kind: "path", path } };
  };
  const folders = new Set([...store.layers.values()].map(({ folder }) => folder));
  for (const name of store.layerFolders.keys())
    if (!folders.has(name)) yield orphan("it is no layer's folder", "overlay", name);
  const users = new Set(store.users.map(({ id }) => id));
  for (const name of store.rootfsFolders)
    if (!users.has(name)) yield orphan("it is no container's root filesystem", "overlay-containers", name);
  const images = new Set(store.images.map(({ id }) => id.slice(id.indexOf(":") + 1)));
  for (const name of store.sharedFolders)
    if (!images.has(name)) yield orphan("it is no image's mount", "overlay-shared", name);
  for (const { name, bytes } of store.partials)
    yield orphan(`${bytes} bytes of a download that nobody goes on with`, "blobs", "sha256", name);
}

function nameOf({ id, repoTags, repoDigests }: ImageRecord): string {
  const name = repoTags[0] ?? repoDigests[0];
  return name === undefined ? id : `${id} (${name})`;
}
