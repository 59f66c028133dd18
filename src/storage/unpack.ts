/** A few unpack workers, started when there is something to do and ended when there has been nothing for a while. */
import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { trimMemory } from "../linux/memory.ts";
import { observeStep } from "../observation.ts";
import type { BlobSource, UnpackLane } from "./unpack-lane.ts";
import type { FileTask, LayerTask, UnpackedLayer, UnpackTask } from "./unpack-messages.ts";
import { UnpackThread } from "./unpack-thread.ts";

/** A worker costs 15 MB; starting one, 80 ms of a processor. Pulls come in groups, as pods do. */
const IDLE_MS = 60_000;

export interface UnpackPoolOptions {
  /** Lanes: layers that are downloaded and unpacked at once. */
  size: number;
  /** Workers among which the lanes are spread. Default: one less than there are processors, 1 or 2. */
  threads?: number;
  /** Milliseconds for which workers with nothing to do are kept. Default: a minute. */
  idleMs?: number;
}

export class UnpackPool {
  readonly #options: UnpackPoolOptions;
  /** By number; where none was needed yet, or one was lost, there is nothing. */
  readonly #threads: (UnpackThread | undefined)[];
  readonly #lanes = new Set<UnpackLane>();
  readonly #idle: UnpackLane[] = [];
  readonly #waiting: ((lane: UnpackLane) => void)[] = [];
  // libuv's threads are made at their first use and inherit the root of whoever asks: that must be the daemon's.
  readonly #threadsOfLibuv = stat("/");
  #idleTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: UnpackPoolOptions) {
    this.#options = options;
    const processors = availableParallelism();
    this.#threads = new Array(options.threads ?? Math.min(2, Math.max(1, processors - 1)));
  }

  /** Starts a worker ahead of the first task. */
  async warm(): Promise<void> {
    await this.#threadsOfLibuv;
    if (this.#lanes.size === 0) this.#release(this.#open());
  }

  /** Unpacks a layer when a lane is free; its source is opened then. See UnpackLane.make. */
  async unpack(
    task: Omit<UnpackTask, "kind">,
    source: BlobSource,
    signal?: AbortSignal,
  ): Promise<UnpackedLayer> {
    return this.#make({ ...task, kind: "unpack" }, source, signal);
  }

  /** The same for a blob that is kept as a file. */
  async keep(task: Omit<FileTask, "kind">, source: BlobSource, signal?: AbortSignal): Promise<UnpackedLayer> {
    return this.#make({ ...task, kind: "file" }, source, signal);
  }

  /** Makes folders of `layer` look like those of the layers below (nearest first); see `inheritFolders`. */
  async inherit(layer: string, folders: string[], below: string[]): Promise<void> {
    if (folders.length === 0 || below.length === 0) return;
    await this.#use((lane) => lane.run({ kind: "inherit", layer, folders, below }));
  }

  /** Ends all workers; tasks under way are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    await this.#end();
  }

  async #make(task: LayerTask, source: BlobSource, signal: AbortSignal | undefined): Promise<UnpackedLayer> {
    return this.#use((lane) => {
      signal?.throwIfAborted();
      return observeStep("layer.unpack", { digest: task.digest }, async (note) => {
        const unpacked = await lane.make(task, source, signal);
        note({ bytes: unpacked.bytes, inodes: unpacked.inodes });
        return unpacked;
      });
    });
  }

  async #use<T>(work: (lane: UnpackLane) => Promise<T>): Promise<T> {
    const lane = await this.#acquire();
    try {
      return await work(lane);
    } finally {
      this.#release(lane);
    }
  }

  async #acquire(): Promise<UnpackLane> {
    await this.#threadsOfLibuv;
    if (this.#closed) throw new Error("the storage is closed");
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#lanes.size < this.#options.size) return this.#open();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A new lane, of the threads in turn. */
  #open(): UnpackLane {
    const number = this.#lanes.size % this.#threads.length;
    const present = this.#threads[number];
    const thread = present && !present.isLost ? present : new UnpackThread();
    this.#threads[number] = thread;
    const lane = thread.open();
    this.#lanes.add(lane);
    return lane;
  }

  #release(lane: UnpackLane): void {
    const next = this.#waiting.shift();
    if (lane.lost) {
      this.#lanes.delete(lane);
      if (next && !this.#closed) next(this.#open());
    } else if (next) {
      next(lane);
    } else {
      this.#idle.push(lane);
      this.#endLater();
    }
  }

  #endLater(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      if (this.#idle.length === this.#lanes.size) this.#end().catch(() => {});
    }, this.#options.idleMs ?? IDLE_MS).unref();
  }

  async #end(): Promise<void> {
    const threads = this.#threads.splice(0, this.#threads.length, ...new Array(this.#threads.length));
    this.#lanes.clear();
    this.#idle.length = 0;
    await Promise.all(threads.map((thread) => thread?.close()));
    await trimMemory();
  }
}
