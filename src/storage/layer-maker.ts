/** Makes a layer's folder out of its blob, and lets nothing pass whose digests are wrong. */
import type { Readable } from "node:stream";
import { status } from "@grpc/grpc-js";
import { messageOf, StatusError } from "../cri/status-error.ts";
import { type BlobBytes, TooLongError } from "../registry/blob-stream.ts";
import type { Descriptor } from "../registry/descriptor.ts";
import { PullError } from "../registry/failure.ts";
import type { PartialBlobs } from "./partial-blobs.ts";
import type { UnpackPool } from "./unpack.ts";
import { type BlobSource, UnpackError } from "./unpack-lane.ts";
import { TOO_LARGE, type UnpackedLayer } from "./unpack-messages.ts";

/** A layer that an image wants. */
export interface LayerSpec {
  chainId: string;
  diffId: string;
  descriptor: Descriptor;
  /** The layer below, unless it is the base. */
  parent: LayerSpec | undefined;
  /** Of an artifact: the blob is no archive, but the file of this path. */
  file?: string;
}

/** Asks for a blob's bytes from `offset` on. */
export type OpenBlob = (descriptor: Descriptor, offset: number, signal: AbortSignal) => Promise<BlobBytes>;

/** It is unpacking while its unpacker has bytes to go on with; the rest of the time it waits for those due. */
export type LayerState = "waiting" | "downloading" | "unpacking" | "done";

export interface LayerProgress {
  /** Bytes of the blob that are here. */
  downloaded: number;
  state: LayerState;
}

/** A layer's content is broken or could not be unpacked; a pull adds which image it is of. */
export class LayerError extends StatusError {}

/** What came is not the blob. */
export class WrongBlobError extends LayerError {
  /** Whether the right one may come where the layer is made once more, in a fresh folder. */
  readonly mayComeRight: boolean;

  constructor(digest: string, problem: string, mayComeRight: boolean) {
    super(status.DATA_LOSS, `layer ${digest}: ${problem}`);
    this.mayComeRight = mayComeRight;
  }
}

export class LayerMaker {
  readonly #pool: UnpackPool;
  readonly #partials: PartialBlobs;
  readonly #maxLayerSize: () => number;

  /** `maxLayerSize`: bytes that a layer's uncompressed archive may have, as of now; 0 for any number. */
  constructor(pool: UnpackPool, partials: PartialBlobs, maxLayerSize: () => number = () => 0) {
    this.#pool = pool;
    this.#partials = partials;
    this.#maxLayerSize = maxLayerSize;
  }

  /**
   * Downloads and unpacks at the same time; the result counts only because both digests were checked. Rejects with
   * LayerError, with the error of `open`, or with the signal's reason; the folder is the caller's to remove then, and
   * after a WrongBlobError to try again in another.
   */
  async make(
    { descriptor, diffId, file }: LayerSpec,
    folder: string,
    open: OpenBlob,
    progress: LayerProgress,
    signal: AbortSignal,
  ): Promise<UnpackedLayer> {
    const { digest } = descriptor;
    const maxBytes = this.#maxLayerSize() || undefined;
    if (file !== undefined) checkSize(descriptor, maxBytes);
    const partial = this.#partials.claim(descriptor);
    let keep = false;
    progress.state = "waiting";
    const source = new Download(descriptor, partial?.offset ?? 0, open, progress);
    try {
      const task = { folder, digest, partial: partial?.path };
      const unpacked = await (file === undefined
        ? this.#pool.unpack({ ...task, maxBytes }, source, signal)
        : this.#pool.keep({ ...task, path: file }, source, signal));
      if (unpacked.digest !== digest) throw source.wrong(sentAs(unpacked.digest));
      if (unpacked.diffId !== diffId) {
        throw broken(
          digest,
          `it has the diff ID ${unpacked.diffId}, not ${diffId} as the configuration says`,
        );
      }
      progress.state = "done";
      return unpacked;
    } catch (error) {
      keep = isResumable(error);
      throw source.explain(error);
    } finally {
      partial?.release(keep);
    }
  }
}

/** The blob on its way, and how far it is. */
class Download implements BlobSource {
  readonly descriptor: Descriptor;
  readonly #offset: number;
  readonly #open: OpenBlob;
  readonly #progress: LayerProgress;
  #blob: BlobBytes | undefined;
  /** What the transfer failed by, once it was under way. */
  #failure: Error | undefined;

  constructor(descriptor: Descriptor, offset: number, open: OpenBlob, progress: LayerProgress) {
    this.descriptor = descriptor;
    this.#offset = offset;
    this.#open = open;
    this.#progress = progress;
  }

  async open(stop: AbortSignal): Promise<Readable> {
    this.#progress.state = "downloading";
    this.#progress.downloaded = this.#offset;
    this.#blob = await this.#open(this.descriptor, this.#offset, stop);
    return this.#blob.once("error", (error) => {
      this.#failure = error;
    });
  }

  onProgress(bytes: number, isBusy: boolean): void {
    this.#progress.downloaded += bytes;
    const isWhole = this.#progress.downloaded >= this.descriptor.size;
    this.#progress.state = isBusy || isWhole ? "unpacking" : "downloading";
  }

  /** That what came is not the blob: where it came from hears of it. */
  wrong(problem: string): WrongBlobError {
    return new WrongBlobError(this.descriptor.digest, problem, this.#blob?.refuse(problem) ?? false);
  }

  /** A failure of the transfer, or of the unpacking, says which layer it was. */
  explain(error: unknown): unknown {
    const { digest } = this.descriptor;
    if (error instanceof UnpackError) {
      const isWrong = error.digest !== undefined && error.digest !== digest;
      return isWrong ? this.wrong(sentAs(error.digest!)) : explained(digest, error);
    }
    if (error !== this.#failure || !(error instanceof StatusError) || error instanceof PullError)
      return error;
    if (error instanceof TooLongError) return this.wrong(error.message);
    return new LayerError(error.code, `layer ${digest}: ${error.message}`, { cause: error });
  }
}

/** Whether what came until now may be the beginning of the right blob. */
function isResumable(error: unknown): boolean {
  const isCorrupt = error instanceof StatusError && error.code === status.DATA_LOSS;
  return !isCorrupt && !(error instanceof UnpackError);
}

/** Of a blob that is kept as it is the size is known. */
function checkSize({ digest, size }: Descriptor, maxBytes = Number.POSITIVE_INFINITY): void {
  if (size > maxBytes) throw tooLarge(digest, `it has ${size} bytes, over ${maxBytes}`);
}

function tooLarge(digest: string, problem: string): LayerError {
  const message = `layer ${digest}: ${problem}, the limit of max_layer_size`;
  return new LayerError(status.FAILED_PRECONDITION, message);
}

function sentAs(digest: string): string {
  return `what the registry sent has the digest ${digest}`;
}

function broken(digest: string, reason: string): LayerError {
  return new LayerError(status.DATA_LOSS, `layer ${digest}: ${reason}`);
}

function explained(digest: string, error: UnpackError): LayerError {
  if (error.digest !== undefined) return broken(digest, `it cannot be unpacked: ${error.message}`);
  if (error.code === TOO_LARGE) return tooLarge(digest, error.message);
  const full = error.code === "ENOSPC" || error.code === "EDQUOT";
  const code = full ? status.RESOURCE_EXHAUSTED : status.INTERNAL;
  return new LayerError(code, `layer ${digest}: ${messageOf(error)}`, { cause: error });
}
