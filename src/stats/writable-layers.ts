/** What containers have written, by walks through their layers: at once where they are small, else in a thread that runs only for that. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { nowNanoseconds } from "../clock.ts";
import type { FilesystemUsage } from "../cri/messages.ts";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { type DiskUsage, smallDiskUsage, smallInodes } from "./disk-usage.ts";
import type { DiskUsageReply } from "./disk-usage-worker.ts";

// The worker's file ends as this one does: .ts in the checkout, .js in dist.
const workerUrl = new URL(import.meta.url.replace(/writable-layers(\.[jt]s)$/, "disk-usage-worker$1"));

/** A walk is good for so long at least; the kubelet looks every 10 s. */
const defaultFreshMs = 10_000;
/** And for so many times its own length, so that a layer of a million files does not keep the disk busy. */
const restFactor = 20;

export interface WritableLayersOptions {
  /** Names the filesystem that the layers are in; ImageFsInfo says the same. */
  mountpoint: string;
  /** The folder of a container's writable layer. */
  folderOf(containerId: string): string;
  /** Default: 10 s. */
  freshMs?: number;
}

interface Layer {
  usage: FilesystemUsage | null;
  /** When it may be walked again, by `performance.now`; infinite while that is being done. */
  due: number;
}

/** Answers from the last walk, and walks anew where that is old. Forgets a container with its record. */
export class WritableLayers {
  readonly #options: WritableLayersOptions;
  readonly #freshMs: number;
  readonly #layers = new WeakMap<object, Layer>();
  readonly #wanted = new Map<string, Layer>();
  #walking: Promise<void> | undefined;

  constructor(options: WritableLayersOptions) {
    this.#options = options;
    this.#freshMs = options.freshMs ?? defaultFreshMs;
  }

  /**
   * What a container (its record) has written as of the last walk. Of a large layer, which takes its time, that may be an old one, and
   * null until the first is over.
   */
  usageOf(container: { readonly id: string }): FilesystemUsage | null {
    const layer = this.#layers.get(container) ?? { usage: null, due: 0 };
    this.#layers.set(container, layer);
    if (layer.due <= performance.now()) this.#renew(layer, this.#options.folderOf(container.id));
    return layer.usage;
  }

  #renew(layer: Layer, folder: string): void {
    const usage = isLarge(layer) ? undefined : smallDiskUsage(folder);
    if (usage) {
      this.#settle(layer, usage, 0);
      return;
    }
    layer.due = Number.POSITIVE_INFINITY;
    this.#wanted.set(folder, layer);
    this.#walking ??= this.#walk();
  }

  /** Resolves when no walk is under way. */
  async idle(): Promise<void> {
    while (this.#walking) await this.#walking;
  }

  async #walk(): Promise<void> {
    // The other containers of the same listing join the same walk.
    await sleep(20);
    const layers = new Map(this.#wanted);
    this.#wanted.clear();
    try {
      await this.#measure(layers);
    } catch (error) {
      log.warn("the walk through writable layers broke off", { error: messageOf(error) });
    }
    // Those that it did not come to.
    for (const layer of layers.values()) layer.due = Math.min(layer.due, performance.now() + this.#freshMs);
    this.#walking = this.#wanted.size > 0 ? this.#walk() : undefined;
  }

  async #measure(layers: Map<string, Layer>): Promise<void> {
    const worker = new Worker(workerUrl, { name: "disk usage", workerData: [...layers.keys()] });
    // A walk is no reason for the daemon to stay.
    worker.unref();
    worker.on("message", ({ folder, usage, durationMs, failure }: DiskUsageReply) => {
      if (failure) log.warn("a writable layer cannot be measured", { folder, error: failure });
      const layer = layers.get(folder);
      if (layer) this.#settle(layer, usage, durationMs);
    });
    await once(worker, "exit");
  }

  #settle(layer: Layer, usage: DiskUsage | undefined, durationMs: number): void {
    layer.due = performance.now() + Math.max(this.#freshMs, durationMs * restFactor);
    if (!usage) return;
    layer.usage = {
      timestamp: nowNanoseconds(),
      fsId: { mountpoint: this.#options.mountpoint },
      usedBytes: { value: usage.bytes },
      inodesUsed: { value: usage.inodes },
    };
  }
}

/** It was at the last walk, so that a small one need not be tried. */
function isLarge({ usage }: Layer): boolean {
  return Number(usage?.inodesUsed?.value ?? 0) > smallInodes;
}
