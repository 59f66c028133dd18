/** A few unpack workers, started when there is something to do and ended when there has been nothing for a while. */
import { stat } from "node:fs/promises";
import { trimMemory } from "../linux/memory.ts";
import type { FileTask, LayerTask, UnpackedLayer, UnpackTask } from "./unpack-messages.ts";
import { type BlobSource, UnpackThread } from "./unpack-thread.ts";

/** A worker costs some megabytes; starting one, some tens of milliseconds. */
const IDLE_MS = 10_000;

export interface UnpackPoolOptions {
  /** Workers at most: layers that are downloaded and unpacked at once. */
  size: number;
  idleMs?: number;
}

export class UnpackPool {
  readonly #options: UnpackPoolOptions;
  readonly #threads = new Set<UnpackThread>();
  readonly #idle: UnpackThread[] = [];
  readonly #waiting: ((thread: UnpackThread) => void)[] = [];
  // libuv's threads are made at their first use and inherit the root of whoever asks: that must be the daemon's.
  readonly #threadsOfLibuv = stat("/");
  #idleTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: UnpackPoolOptions) {
    this.#options = options;
  }

  /** Starts a worker ahead of the first task. */
  async warm(): Promise<void> {
    await this.#threadsOfLibuv;
    if (this.#threads.size === 0) this.#release(this.#start());
  }

  /** Unpacks a layer when a worker is free; `open` is called then. See UnpackThread.make. */
  async unpack(
    task: Omit<UnpackTask, "kind">,
    open: BlobSource,
    signal?: AbortSignal,
  ): Promise<UnpackedLayer> {
    return this.#make({ ...task, kind: "unpack" }, open, signal);
  }

  /** The same for a blob that is kept as a file. */
  async keep(task: Omit<FileTask, "kind">, open: BlobSource, signal?: AbortSignal): Promise<UnpackedLayer> {
    return this.#make({ ...task, kind: "file" }, open, signal);
  }

  /** Makes folders of `layer` look like those of the layers below (nearest first); see `inheritFolders`. */
  async inherit(layer: string, folders: string[], below: string[]): Promise<void> {
    if (folders.length === 0 || below.length === 0) return;
    await this.#use((thread) => thread.run({ kind: "inherit", layer, folders, below }));
  }

  /** Removes a folder with all that is in it. */
  async remove(path: string): Promise<void> {
    await this.#use((thread) => thread.run({ kind: "remove", path }));
  }

  /** Ends all workers; tasks under way are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    await Promise.all([...this.#threads].map((thread) => thread.close()));
    this.#threads.clear();
    this.#idle.length = 0;
  }

  async #make(task: LayerTask, open: BlobSource, signal: AbortSignal | undefined): Promise<UnpackedLayer> {
    return this.#use((thread) => {
      signal?.throwIfAborted();
      return thread.make(task, open, signal);
    });
  }

  async #use<T>(work: (thread: UnpackThread) => Promise<T>): Promise<T> {
    const thread = await this.#acquire();
    try {
      return await work(thread);
    } finally {
      this.#release(thread);
    }
  }

  async #acquire(): Promise<UnpackThread> {
    await this.#threadsOfLibuv;
    if (this.#closed) throw new Error("the storage is closed");
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#threads.size < this.#options.size) return this.#start();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #start(): UnpackThread {
    const thread = new UnpackThread();
    this.#threads.add(thread);
    return thread;
  }

  #release(thread: UnpackThread): void {
    const next = this.#waiting.shift();
    if (thread.lost) {
      this.#threads.delete(thread);
      if (next && !this.#closed) next(this.#start());
    } else if (next) {
      next(thread);
    } else {
      this.#idle.push(thread);
      clearTimeout(this.#idleTimer);
      this.#idleTimer = setTimeout(
        () => this.#endIdle().catch(() => {}),
        this.#options.idleMs ?? IDLE_MS,
      ).unref();
    }
  }

  async #endIdle(): Promise<void> {
    const ended = this.#idle.splice(0);
    for (const thread of ended) this.#threads.delete(thread);
    await Promise.all(ended.map((thread) => thread.close()));
    await trimMemory();
  }
}
