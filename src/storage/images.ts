/** The images on this machine: their records, their names, and who uses them. */
import type { DatabaseSync } from "node:sqlite";
import type { ImageSpec } from "../cri/messages.ts";
import { notFound } from "../cri/status-error.ts";
import { log } from "../log.ts";
import type { Reference } from "../registry/reference.ts";
import type { KeptSignature } from "../signatures/attachments.ts";
import { Records, requireRoom, transaction } from "../state/database.ts";
import type { ImageConfig } from "./image-config.ts";
import { filedAs, ImageIndex } from "./image-index.ts";
import { type ImageRecord, isImageRecord } from "./image-record.ts";
import type { Layers } from "./layers.ts";

export interface ImagesOptions {
  database: DatabaseSync;
  layers: Layers;
  /** What a name in a request may stand for, in the order to try. */
  candidates: (text: string) => Reference[];
  /** Is called before the layers of an image go. */
  beforeDrop: (image: ImageRecord) => void;
}

/** An image whose layers are there, as a pull brings it. */
export interface PulledImage {
  id: string;
  /** What it was asked for by. */
  reference: Reference;
  /** The digest that the reference was found by. */
  repoDigest: string;
  config: ImageConfig;
  configBytes: number;
  manifest: string;
  manifestDigest: string;
  layers: string[];
  spec: ImageSpec;
  artifactType?: string | undefined;
  /** Those that proved that the image may be pulled. */
  signatures: KeptSignature[];
}

const holderOf = (id: string) => `image:${id}`;

export class Images {
  readonly #options: ImagesOptions;
  readonly #records: Records<ImageRecord>;
  readonly #index: ImageIndex;
  /** Images that were removed while in use, by ID. */
  readonly #removed = new Map<string, ImageRecord>();
  /** Image IDs by who uses them: containers, also as volumes, and pods. */
  readonly #users = new Map<string, Set<string>>();

  /** Reads the records; images that miss a layer are dropped. Those removed while in use wait for `sweep`. */
  constructor(options: ImagesOptions) {
    this.#options = options;
    this.#records = new Records(options.database, "images");
    this.#index = new ImageIndex(options.candidates);
    const isImage = (record: unknown, id: string): record is ImageRecord =>
      isImageRecord(record) && record.id === id;
    for (const image of this.#records.load(isImage).values()) this.#load(image);
    options.layers.sweep();
  }

  /** The image that `text` means (ID, name, start of an ID). Throws INVALID_ARGUMENT where it can mean none. */
  find(text: string): ImageRecord | undefined {
    return this.#index.find(text);
  }

  /** The same, but one that is absent is NOT_FOUND. */
  get(text: string): ImageRecord {
    const image = this.find(text);
    if (!image) throw notFound("image", text);
    return image;
  }

  list(): ImageRecord[] {
    return [...this.#index.byId.values()];
  }

  /** The image with this ID whose layers are here, also when it was removed under its containers. */
  stored(id: string): ImageRecord | undefined {
    return this.#index.byId.get(id) ?? this.#removed.get(id);
  }

  /** Keeps an image that was pulled, under one more name if it was there; a tag leaves the image it pointed to. */
  add(pulled: PulledImage): ImageRecord {
    const stored = this.stored(pulled.id);
    const image = this.#named(stored ? { ...stored } : this.#fresh(pulled), pulled);
    const changed = this.#untag(image);
    if (!stored || isChanged(stored, image)) changed.push(image);
    if (changed.length === 0) return stored!;
    const { layers, database } = this.#options;
    requireRoom(database);
    transaction(database, () => {
      for (const record of changed) this.#records.put(record.id, record);
      layers.write(image.layers);
    });
    layers.hold(holderOf(image.id), image.layers);
    this.#removed.delete(image.id);
    for (const record of changed) this.#index.put(record);
    layers.written(image.layers);
    return image;
  }

  /** Keeps signatures with an image, beside those it has. */
  keepSignatures(id: string, signatures: KeptSignature[]): void {
    const image = this.#index.byId.get(id);
    if (!image) return;
    const changed = withSignatures(image, signatures);
    if (changed === image) return;
    this.#records.put(id, changed);
    this.#index.put(changed);
  }

  /**
   * Removes an image with all its names; from now on it is neither listed nor found. Where containers use it, its
   * layers go with the last of them.
   */
  remove({ id }: ImageRecord): void {
    const image = this.#index.byId.get(id);
    if (!image) return;
    if (!this.#isUsed(id)) {
      this.#drop(image);
      return;
    }
    const removed: ImageRecord = { ...image, repoTags: [], repoDigests: [], removed: true };
    this.#records.put(image.id, removed);
    this.#index.delete(image);
    this.#removed.set(image.id, removed);
  }

  /** `user` (a container or a pod) uses the image until it says otherwise, beside those it uses already. */
  use(user: string, id: string): void {
    const used = this.#users.get(user);
    if (used) used.add(id);
    else this.#users.set(user, new Set([id]));
  }

  /** `user` is gone, and with it the images that only it kept. */
  disuse(user: string): void {
    const ids = this.#users.get(user) ?? [];
    this.#users.delete(user);
    for (const id of ids) {
      const removed = this.#removed.get(id);
      if (removed && !this.#isUsed(id)) this.#drop(removed);
    }
  }

  /** Drops what was removed and is not in use; for the start, when all users are known. */
  sweep(): void {
    for (const image of this.#removed.values()) if (!this.#isUsed(image.id)) this.#drop(image);
  }

  #load(image: ImageRecord): void {
    const { layers } = this.#options;
    if (!image.layers.every((chainId) => layers.get(chainId))) {
      log.warn("an image that misses a layer is dropped", { image: image.id, names: image.repoTags });
      this.#records.delete(image.id);
      return;
    }
    layers.hold(holderOf(image.id), image.layers);
    if (image.removed) this.#removed.set(image.id, image);
    else this.#index.put(image);
  }

  #fresh(pulled: PulledImage): ImageRecord {
    const { id, config, configBytes, manifest, manifestDigest, layers, spec, artifactType } = pulled;
    const unpacked = layers.reduce((sum, chainId) => sum + this.#options.layers.get(chainId)!.bytes, 0);
    const size = unpacked + configBytes + Buffer.byteLength(manifest);
    const kind = artifactType === undefined ? {} : { artifactType };
    return {
      id,
      repoTags: [],
      repoDigests: [],
      size,
      config,
      manifest,
      manifestDigest,
      layers,
      spec,
      ...kind,
    };
  }

  #named({ removed: _, ...image }: ImageRecord, pulled: PulledImage): ImageRecord {
    const { reference, repoDigest, spec, signatures } = pulled;
    const { tag } = filedAs(reference);
    const digest = `${reference.name}@${repoDigest}`;
    const repoTags =
      tag === undefined || image.repoTags.includes(tag) ? image.repoTags : [...image.repoTags, tag];
    const repoDigests = image.repoDigests.includes(digest)
      ? image.repoDigests
      : [...image.repoDigests, digest];
    return withSignatures({ ...image, repoTags, repoDigests, spec }, signatures);
  }

  /** The images that lose a tag to `image`, without it. */
  #untag(image: ImageRecord): ImageRecord[] {
    const isMoved = (tag: string) => image.repoTags.includes(tag);
    return this.list()
      .filter((other) => other.id !== image.id && other.repoTags.some(isMoved))
      .map((other) => ({ ...other, repoTags: other.repoTags.filter((tag) => !isMoved(tag)) }));
  }

  #drop(image: ImageRecord): void {
    this.#options.beforeDrop(image);
    this.#options.layers.release(holderOf(image.id), image.layers, () => this.#records.delete(image.id));
    this.#removed.delete(image.id);
    this.#index.delete(image);
  }

  #isUsed(id: string): boolean {
    for (const used of this.#users.values()) if (used.has(id)) return true;
    return false;
  }
}

/** Manifests and configurations may have megabytes: those that are the same object are not looked into. */
function isChanged(before: ImageRecord, after: ImageRecord): boolean {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof ImageRecord>;
  return [...keys].some(
    (key) => before[key] !== after[key] && JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
}

function withSignatures(image: ImageRecord, found: readonly KeptSignature[]): ImageRecord {
  const { signatures = [] } = image;
  const added = found.filter((one) => signatures.every(({ signature }) => signature !== one.signature));
  return added.length === 0 ? image : { ...image, signatures: [...signatures, ...added] };
}
