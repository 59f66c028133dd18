/** The layers on this machine: shared by chain ID, counted by who holds them, on disk before they count for good. */

import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { messageOf } from "../cri/status-error.ts";
import { syncFilesystem } from "../linux/files.ts";
import { spreadFolders } from "../linux/inode-flags.ts";
import { log } from "../log.ts";
import { Records, transaction } from "../state/database.ts";
import {
  type LayerMaker,
  type LayerProgress,
  type LayerSpec,
  type OpenBlob,
  WrongBlobError,
} from "./layer-maker.ts";
import { isLayerRecord, type LayerRecord } from "./layer-record.ts";
import { mountedLayers } from "./mount-points.ts";
import type { Removals } from "./removals.ts";
import { SharedWork } from "./shared-work.ts";
import { together } from "./together.ts";
import type { UnpackPool } from "./unpack.ts";

/**
 * How long a new layer may be in memory alone. Pulls come in groups, and the next one would wait for the disk with
 * the first; a power cut before costs a pull, nothing else.
 */
const SYNC_DELAY_MS = 2000;

export interface LayersOptions {
  /** Folder of the layers' folders. */
  folder: string;
  database: DatabaseSync;
  pool: UnpackPool;
  maker: LayerMaker;
  removals: Removals;
  /** The kernel's id of this boot. */
  bootId: string;
}

export class Layers {
  readonly #options: LayersOptions;
  readonly #database: DatabaseSync;
  readonly #records: Records<LayerRecord>;
  readonly #layers = new Map<string, LayerRecord>();
  /** Those that have a record; a layer of a pull that is not over has none yet. */
  readonly #written = new Set<string>();
  /** Who wants a layer, by chain ID; a layer under way has holders too. */
  readonly #holders = new Map<string, Set<string>>();
  readonly #making = new SharedWork<LayerRecord>();
  readonly #progress = new Map<string, LayerProgress>();
  /** Folders without a record that were mounted at the start. */
  #strays: string[] = [];
  #lastFolder = 0;
  #syncTimer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> | undefined;
  #syncAgain = false;

  /** Reads the records and removes what is no layer: half-made folders, and what a power cut may have spoilt. */
  constructor(options: LayersOptions) {
    this.#options = options;
    this.#database = options.database;
    this.#records = new Records(options.database, "layers");
    // What images bring (set-user-ID programs, devices) is for containers, not for the users of the machine.
    mkdirSync(options.folder, { recursive: true });
    chmodSync(options.folder, 0o700);
    spreadFolders(options.folder);
    this.#load();
    if ([...this.#layers.values()].some((layer) => layer.unsyncedBoot)) this.#sync();
  }

  get(chainId: string): LayerRecord | undefined {
    return this.#layers.get(chainId);
  }

  /** The folder of a layer that is there. */
  path(layer: LayerRecord): string {
    return join(this.#options.folder, layer.folder);
  }

  /** How far a layer is; undefined when nobody asked for it. */
  progress(chainId: string): LayerProgress | undefined {
    return this.#progress.get(chainId);
  }

  /** What all layers take on disk. */
  usage(): { bytes: number; inodes: number } {
    let [bytes, inodes] = [0, 0];
    for (const layer of this.#layers.values()) {
      bytes += layer.bytes;
      inodes += layer.inodes;
    }
    return { bytes, inodes };
  }

  /** `holder` wants these layers to stay, or to come. */
  hold(holder: string, chainIds: string[]): void {
    for (const chainId of chainIds) {
      const holders = this.#holders.get(chainId) ?? new Set();
      this.#holders.set(chainId, holders.add(holder));
    }
  }

  /** `holder` wants them no longer; those that nobody wants go, in one transaction with `alongside`. */
  release(holder: string, chainIds: string[], alongside?: () => void): void {
    const held = chainIds.filter((chainId) => this.#holders.get(chainId)?.has(holder));
    const unwanted = held.filter((chainId) => this.#holders.get(chainId)!.size === 1);
    if (alongside || unwanted.some((chainId) => this.#written.has(chainId))) {
      transaction(this.#database, () => {
        alongside?.();
        for (const chainId of unwanted) this.#records.delete(chainId);
      });
    }
    for (const chainId of held) this.#holders.get(chainId)!.delete(holder);
    for (const chainId of unwanted) {
      this.#holders.delete(chainId);
      this.#remove(chainId);
    }
  }

  /** Drops every layer that nobody holds; for the start, when all images have said what they hold. One that is mounted stays. */
  sweep(): void {
    const unheld = [...this.#layers.keys()].filter((chainId) => !this.#holders.has(chainId));
    if (unheld.length === 0) return;
    const mounted = this.#mounted();
    const unwanted = unheld.filter((chainId) => !mounted.has(this.#layers.get(chainId)!.folder));
    transaction(this.#database, () => {
      for (const chainId of unwanted) this.#records.delete(chainId);
    });
    for (const chainId of unwanted) this.#remove(chainId);
  }

  /** Removes the layers without a record that nobody has mounted any more; for the start, when what no container owns is unmounted. */
  removeStrays(): void {
    if (this.#strays.length === 0) return;
    const mounted = this.#mounted();
    const gone = this.#strays.filter((name) => !mounted.has(name));
    this.#strays = this.#strays.filter((name) => mounted.has(name));
    for (const name of gone) this.#options.removals.removeLater(join(this.#options.folder, name));
  }

  /**
   * The layer, made if it is not there; who asks for one that is being made waits for it. It must be held by the
   * caller. Rejects as LayerMaker.make does.
   */
  async obtain(spec: LayerSpec, open: OpenBlob, signal: AbortSignal): Promise<LayerRecord> {
    const present = this.#layers.get(spec.chainId);
    if (present) return present;
    return this.#making.run(spec.chainId, signal, (shared) => this.#make(spec, open, shared));
  }

  /** Writes the records of layers, within the caller's transaction; when it is committed, `written` must be called. */
  write(chainIds: string[]): void {
    for (const chainId of chainIds) {
      if (!this.#written.has(chainId)) this.#records.put(chainId, this.#layers.get(chainId)!);
    }
  }

  /** The layers' records are there for good; brings what was written last to the disk, in the background, soon. */
  written(chainIds: string[]): void {
    for (const chainId of chainIds) this.#written.add(chainId);
    this.#syncTimer ??= setTimeout(() => this.#sync(), SYNC_DELAY_MS).unref();
  }

  /** Brings everything that counts to the disk. */
  async idle(): Promise<void> {
    if (this.#syncTimer) this.#sync();
    while (this.#syncing) await this.#syncing;
  }

  async #make(spec: LayerSpec, open: OpenBlob, signal: AbortSignal): Promise<LayerRecord> {
    const { folder: root, pool, maker, removals } = this.#options;
    const progress: LayerProgress = { downloaded: 0, state: "waiting" };
    this.#progress.set(spec.chainId, progress);
    const { parent } = spec;
    let folder = this.#newFolder();
    const unpack = async (inner: AbortSignal) => {
      for (;;) {
        try {
          return await maker.make(spec, join(root, folder), open, progress, inner);
        } catch (error) {
          if (!(error instanceof WrongBlobError && error.mayComeRight)) throw error;
          removals.removeLater(join(root, folder));
          folder = this.#newFolder();
        }
      }
    };
    try {
      const below = async (inner: AbortSignal) => void (parent && (await this.obtain(parent, open, inner)));
      const [unpacked] = await together(signal, [unpack, below]);
      const { digest, diffId, bytes, inodes, opaque, implicitFolders } = unpacked!;
      await pool.inherit(join(root, folder), implicitFolders, this.#pathsDown(parent));
      signal.throwIfAborted();
      const { chainId } = spec;
      const layer = {
        chainId,
        diffId,
        digest,
        folder,
        bytes,
        inodes,
        opaque,
        unsyncedBoot: this.#options.bootId,
      };
      this.#layers.set(chainId, layer);
      return layer;
    } catch (error) {
      removals.removeLater(join(root, folder));
      throw error;
    } finally {
      if (this.#progress.get(spec.chainId) === progress) this.#progress.delete(spec.chainId);
    }
  }

  /** The name of the folder of a layer to be. */
  #newFolder(): string {
    return (++this.#lastFolder).toString(36);
  }

  /** Folders of a layer and those below it that are seen through it. */
  #pathsDown(spec: LayerSpec | undefined): string[] {
    const paths: string[] = [];
    for (let at = spec; at; at = at.parent) {
      const layer = this.#layers.get(at.chainId)!;
      paths.push(this.path(layer));
      if (layer.opaque) break;
    }
    return paths;
  }

  #remove(chainId: string): void {
    const layer = this.#layers.get(chainId);
    if (!layer) return;
    this.#layers.delete(chainId);
    this.#written.delete(chainId);
    this.#options.removals.removeLater(this.path(layer));
  }

  #load(): void {
    const isLayer = (record: unknown, id: string): record is LayerRecord =>
      isLayerRecord(record) && record.chainId === id;
    const { folder, bootId, removals } = this.#options;
    const entries = readdirSync(folder, { withFileTypes: true });
    const folders = new Set(entries.map(({ name }) => name));
    const files = new Set(entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name));
    for (const [chainId, layer] of this.#records.load(isLayer)) {
      const isSafe = layer.unsyncedBoot === undefined || layer.unsyncedBoot === bootId;
      if (!isSafe)
        log.warn("a layer may not have reached the disk before the power cut", { chain_id: chainId });
      if (isSafe && !files.has(layer.folder) && folders.delete(layer.folder)) {
        this.#layers.set(chainId, layer);
        this.#written.add(chainId);
      } else this.#records.delete(chainId);
      this.#lastFolder = Math.max(this.#lastFolder, Number.parseInt(layer.folder, 36));
    }
    const mounted = folders.size > 0 ? this.#mounted() : new Set();
    for (const name of folders) {
      if (mounted.has(name)) {
        log.warn("a layer without a record stays for who has it mounted", { folder: name });
        this.#strays.push(name);
      } else {
        log.info("removing a folder that is no layer", { folder: name });
        removals.removeLater(join(folder, name));
      }
      this.#lastFolder = Math.max(this.#lastFolder, Number.parseInt(name, 36) || 0);
    }
  }

  /** Folders of layers that running containers see, whatever became of the records: what is below them must not go. */
  #mounted(): Set<string> {
    return mountedLayers(join(dirname(this.#options.folder), "overlay-containers"));
  }

  #sync(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    this.#syncAgain = true;
    this.#syncing ??= this.#syncAll().finally(() => {
      this.#syncing = undefined;
    });
  }

  async #syncAll(): Promise<void> {
    while (this.#syncAgain) {
      this.#syncAgain = false;
      const layers = [...this.#layers.values()].filter((layer) => layer.unsyncedBoot);
      if (layers.length === 0) return;
      try {
        await syncFilesystem(this.#options.folder);
        for (const layer of layers) delete layer.unsyncedBoot;
        const written = layers.filter((layer) => this.#written.has(layer.chainId));
        transaction(this.#database, () => {
          for (const layer of written) this.#records.put(layer.chainId, layer);
        });
      } catch (error) {
        log.error("layers could not be brought to the disk", { error: messageOf(error) });
      }
    }
  }
}
