/** The daemon's side of one unpack worker. */
import { Worker } from "node:worker_threads";
import {
  type LayerTask,
  SLOT_BYTES,
  SLOTS,
  type UnpackedLayer,
  type WorkerInput,
  type WorkerReply,
  type WorkerTask,
} from "./unpack-messages.ts";

// The worker's file ends as this one does: .ts in the checkout, .js in dist.
const workerUrl = new URL(import.meta.url.replace(/unpack-thread(\.[jt]s)$/, "unpack-worker$1"));

/** A task that failed. `code` is the errno's name where a system call failed; `digest` that of the blob, if it was read whole. */
export class UnpackError extends Error {
  readonly code: string | undefined;
  readonly digest: string | undefined;

  constructor(message: string, code?: string, digest?: string) {
    super(message);
    this.code = code;
    this.digest = digest;
  }
}

/** Opens the blob; the chunks end when `signal` is aborted. */
export type BlobSource = (signal: AbortSignal) => AsyncIterable<Buffer>;

type Done = { unpacked?: UnpackedLayer };

export class UnpackThread {
  readonly #worker: Worker;
  readonly #memory = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  #slotFreed: (() => void) | undefined;
  #pending: PromiseWithResolvers<Done> | undefined;
  /** Set when the thread is lost. */
  lost: Error | undefined;

  constructor() {
    this.#worker = new Worker(workerUrl, { workerData: this.#memory, name: "unpack" });
    this.#worker.on("message", (reply: WorkerReply) => this.#receive(reply));
    this.#worker.on("error", (error) => this.#lose(error));
    this.#worker.on("exit", (code) => this.#lose(new Error(`the unpack worker ended with code ${code}`)));
    this.#worker.unref();
  }

  /** Runs a task that needs no input. Rejects with UnpackError. */
  async run(task: Exclude<WorkerTask, LayerTask>): Promise<void> {
    await this.#call(task);
  }

  /**
   * Makes a layer of what `open` gives, in the task's folder. Rejects with the source's error, or with UnpackError;
   * the folder is the caller's to remove then.
   */
  async make(task: LayerTask, open: BlobSource, signal?: AbortSignal): Promise<UnpackedLayer> {
    const failed = new AbortController();
    const outcome = this.#call(task);
    outcome.catch((error) => {
      failed.abort(error);
      this.#slotFreed?.();
    });
    const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    try {
      await this.#feed(open(stop), stop);
      this.#post({ kind: "end" });
    } catch (error) {
      const cause = failed.signal.aborted ? failed.signal.reason : error;
      this.#post({ kind: "abort" });
      await outcome.catch(() => {});
      throw cause;
    }
    const { unpacked } = await outcome;
    return unpacked!;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #feed(source: AsyncIterable<Buffer>, stop: AbortSignal): Promise<void> {
    let slot: { index: number; memory: Buffer; length: number } | undefined;
    const send = () => {
      if (slot) this.#post({ kind: "chunk", slot: slot.index, length: slot.length });
      slot = undefined;
    };
    try {
      for await (const chunk of source) {
        for (let at = 0; at < chunk.length; ) {
          slot ??= this.#slot(await this.#freeSlot(stop));
          const copied = chunk.copy(slot.memory, slot.length, at);
          at += copied;
          slot.length += copied;
          if (slot.length === SLOT_BYTES) send();
        }
        stop.throwIfAborted();
      }
      send();
    } finally {
      if (slot) this.#free.push(slot.index);
    }
  }

  #slot(index: number): { index: number; memory: Buffer; length: number } {
    return { index, memory: Buffer.from(this.#memory, index * SLOT_BYTES, SLOT_BYTES), length: 0 };
  }

  async #freeSlot(stop: AbortSignal): Promise<number> {
    for (;;) {
      stop.throwIfAborted();
      const slot = this.#free.pop();
      if (slot !== undefined) return slot;
      await new Promise<void>((resolve) => {
        this.#slotFreed = resolve;
      });
      this.#slotFreed = undefined;
    }
  }

  #call(task: WorkerTask): Promise<Done> {
    if (this.lost) return Promise.reject(this.lost);
    const pending = Promise.withResolvers<Done>();
    this.#pending = pending;
    this.#worker.ref();
    this.#post(task);
    return pending.promise.finally(() => this.#worker.unref());
  }

  #post(message: WorkerTask | WorkerInput): void {
    if (!this.lost) this.#worker.postMessage(message);
  }

  #receive(reply: WorkerReply): void {
    if (reply.kind === "free") {
      this.#free.push(reply.slot);
      this.#slotFreed?.();
      return;
    }
    const pending = this.#pending;
    this.#pending = undefined;
    if (reply.kind === "done") pending?.resolve(reply);
    else pending?.reject(new UnpackError(reply.message, reply.code, reply.digest));
  }

  #lose(error: Error): void {
    this.lost ??= error;
    this.#pending?.reject(this.lost);
    this.#pending = undefined;
  }
}
