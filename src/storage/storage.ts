/** Everything that has to do with images on disk, opened as one. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { bootId as thisBootId } from "../linux/boot-id.ts";
import type { RegistryClient } from "../registry/client.ts";
import type { SignatureVerifier } from "../signatures/verifier.ts";
import { Admission } from "./admission.ts";
import { IdMappedLayers } from "./id-mapped-layers.ts";
import type { ImageRecord } from "./image-record.ts";
import { Images } from "./images.ts";
import { LayerMaker } from "./layer-maker.ts";
import { Layers } from "./layers.ts";
import { PartialBlobs } from "./partial-blobs.ts";
import { type PullRequest, Pulls } from "./pull.ts";
import type { PullProgress } from "./pull-progress.ts";
import { Removals } from "./removals.ts";
import { Rootfs } from "./rootfs.ts";
import { unlessStalled } from "./stall.ts";
import { UnpackPool } from "./unpack.ts";

export interface StorageOptions {
  /** Folder of all layers and root filesystems; made where it is missing. */
  root: string;
  database: DatabaseSync;
  registry: RegistryClient;
  /** Who decides what may be pulled and run. Default: everything may. */
  signatures?: SignatureVerifier | undefined;
  /** Layers that are downloaded and unpacked at once, of all pulls together. Default: 3. */
  maxParallelLayers?: number | undefined;
  /** Bytes that a layer's uncompressed archive may have, as of now; 0 for any number. Default: any number. */
  maxLayerSize?: (() => number) | undefined;
  /** Milliseconds after which a pull to which no byte comes is given up, as of now; 0 for never. Default: never. */
  pullProgressTimeout?: (() => number) | undefined;
  /** SELinux label of images' files that all containers may read. Default: they have their own. */
  readOnlyLabel?: string | undefined;
  /** The kernel's id of this boot; for tests. */
  bootId?: string;
}

/** Who uses which image: a container, or a pod whose pause container runs in a shared mount. */
export interface ImageUser {
  id: string;
  imageId: string;
  /** Of the images a container has as volumes. */
  volumeImageIds?: readonly string[];
}

export class Storage {
  readonly root: string;
  readonly images: Images;
  readonly rootfs: Rootfs;
  readonly admission: Admission;
  readonly idMappedLayers: IdMappedLayers;
  readonly #layers: Layers;
  readonly #partials: PartialBlobs;
  readonly #pulls: Pulls;
  readonly #pool: UnpackPool;
  readonly #removals: Removals;
  readonly #pullProgressTimeout: () => number;

  constructor(options: StorageOptions) {
    const { root, database, registry, signatures, maxParallelLayers = 3, bootId = thisBootId() } = options;
    mkdirSync(root, { recursive: true, mode: 0o711 });
    this.root = root;
    const layersFolder = join(root, "overlay");
    const pool = new UnpackPool({ size: maxParallelLayers });
    const removals = new Removals();
    const partials = new PartialBlobs(root, removals);
    const maker = new LayerMaker(pool, partials, options.maxLayerSize);
    const layers = new Layers({ folder: layersFolder, database, pool, maker, removals, bootId });
    this.idMappedLayers = new IdMappedLayers(root);
    const { idMappedLayers } = this;
    const { readOnlyLabel } = options;
    const mounting = { root, layersFolder, layers, removals, idMappedLayers, readOnlyLabel };
    this.rootfs = new Rootfs(mounting, () => this.images);
    const candidates = (text: string) => registry.candidates(text);
    const beforeDrop = (image: ImageRecord) => this.rootfs.dropShared(image);
    this.images = new Images({ database, layers, candidates, beforeDrop });
    this.admission = new Admission({ client: registry, images: this.images, signatures });
    this.#pulls = new Pulls({ client: registry, images: this.images, layers, pool, signatures });
    this.#layers = layers;
    this.#partials = partials;
    this.#pool = pool;
    this.#removals = removals;
    this.#pullProgressTimeout = options.pullProgressTimeout ?? (() => 0);
  }

  /** Pulls an image; see `Pulls.pull`. DEADLINE_EXCEEDED when it makes no progress any more. */
  pull(name: string, request: PullRequest = {}): Promise<ImageRecord> {
    const options = {
      timeout: this.#pullProgressTimeout(),
      progress: () => this.pullProgress(name),
      signal: request.signal,
    };
    return unlessStalled(options, (signal) => this.#pulls.pull(name, { ...request, signal }));
  }

  /** How far the pull of an image is; undefined when none is under way. */
  pullProgress(name: string): PullProgress | undefined {
    return this.#pulls.progress(name);
  }

  /**
   * Says, at the start, which containers and pods there are: what others have left is removed (mounts, writable
   * layers, images that were removed under them). Returns the ids of the leftovers.
   */
  adopt(users: Iterable<ImageUser>): string[] {
    const valid = new Set<string>();
    for (const { id, imageId, volumeImageIds = [] } of users) {
      valid.add(id);
      for (const used of [imageId, ...volumeImageIds]) this.images.use(id, used);
    }
    const leftovers = this.rootfs.removeLeftovers(valid);
    this.images.sweep();
    this.#layers.removeStrays();
    return leftovers;
  }

  /** What layers and unfinished blobs take on disk, from accounting. */
  usage(): { bytes: number; inodes: number } {
    const layers = this.#layers.usage();
    const blobs = this.#partials.usage();
    return { bytes: layers.bytes + blobs.bytes, inodes: layers.inodes + blobs.inodes };
  }

  /** Resolves when removals are done and everything that counts is on disk. */
  async idle(): Promise<void> {
    await this.#removals.idle();
    await this.#layers.idle();
  }

  /** Waits for what is under way in the background, and ends the workers. Mounts stay. */
  async close(): Promise<void> {
    await this.idle();
    await this.#pool.close();
  }
}

/** Opens the storage and sweeps what a crash has left of layers and blobs. Call `adopt` before anything is mounted. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  return new Storage(options);
}
