/** The daemon's side of one line of work in an unpack worker: it does one task at a time. */
import type { Readable } from "node:stream";
import type { MessagePort } from "node:worker_threads";
import { observeStep } from "../observation.ts";
import type { Descriptor } from "../registry/descriptor.ts";
import { feed, type OnProgress } from "./feed.ts";
import { Slots } from "./slots.ts";
import type { LayerTask, UnpackedLayer, WorkerInput, WorkerReply, WorkerTask } from "./unpack-messages.ts";

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

/** Where a task's bytes come from. */
export interface BlobSource {
  /** What the registry says of it; for who observes. */
  readonly descriptor?: Pick<Descriptor, "mediaType" | "size">;
  /** Opens the blob, which is destroyed when it is wanted no longer. */
  open(signal: AbortSignal): Promise<Readable>;
  onProgress?: OnProgress;
}

type Done = { unpacked?: UnpackedLayer };

export class UnpackLane {
  readonly #port: MessagePort;
  readonly #slots = new Slots((slot, length) => this.#post({ kind: "chunk", slot, length }));
  #pending: PromiseWithResolvers<Done> | undefined;
  #lost: Error | undefined;

  /** `port`'s other end is the worker's, as is `memory`. */
  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (reply: WorkerReply) => this.#receive(reply));
    port.unref();
  }

  get memory(): SharedArrayBuffer {
    return this.#slots.memory;
  }

  /** Why the worker is gone; undefined while it is there. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  /** Runs a task that needs no input. Rejects with UnpackError. */
  async run(task: Exclude<WorkerTask, LayerTask>): Promise<void> {
    await this.#call(task);
  }

  /**
   * Makes a layer of the source, in the task's folder. Rejects with the source's error, or with UnpackError;
   * the folder is the caller's to remove then.
   */
  async make(task: LayerTask, source: BlobSource, signal?: AbortSignal): Promise<UnpackedLayer> {
    const failed = new AbortController();
    const outcome = this.#call(task);
    outcome.catch((error) => failed.abort(error));
    const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    const { mediaType, size } = source.descriptor ?? {};
    try {
      await observeStep("layer.download", { digest: task.digest, mediaType, size }, async (note) => {
        let came = 0;
        const onProgress: OnProgress = (bytes, isBusy) => {
          came += bytes;
          source.onProgress?.(bytes, isBusy);
        };
        try {
          await feed(await source.open(stop), this.#slots, stop, onProgress);
        } finally {
          note({ bytes: came });
        }
      });
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

  /** The worker has ended: a task under way fails, and none can be done any more. */
  lose(error: Error): void {
    this.#lost ??= error;
    this.#port.close();
    this.#pending?.reject(this.#lost);
    this.#pending = undefined;
  }

  #call(task: WorkerTask): Promise<Done> {
    if (this.#lost) return Promise.reject(this.#lost);
    const pending = Promise.withResolvers<Done>();
    this.#pending = pending;
    this.#port.ref();
    this.#post(task);
    return pending.promise.finally(() => this.#port.unref());
  }

  #post(message: WorkerTask | WorkerInput): void {
    if (!this.#lost) this.#port.postMessage(message);
  }

  #receive(reply: WorkerReply): void {
    if (reply.kind === "free") {
      this.#slots.release(reply.slot);
      return;
    }
    const pending = this.#pending;
    this.#pending = undefined;
    if (reply.kind === "done") pending?.resolve(reply);
    else pending?.reject(new UnpackError(reply.message, reply.code, reply.digest));
  }
}
