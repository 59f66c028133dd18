/** One layer on its way from compressed bytes to files, inside an unpack worker. */
import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import type { Confinement } from "../linux/confinement.ts";
import { digestHasher } from "../registry/digest.ts";
import { Decompressor } from "./decompress.ts";
import { LayerWriter } from "./layer-writer.ts";
import { TarReader } from "./tar-reader.ts";
import { SLOT_BYTES, TOO_LARGE, type UnpackedLayer, type UnpackTask } from "./unpack-messages.ts";

/** The content is broken, not the machine: the digest of the whole blob tells whose fault that is. */
export class ContentError extends Error {
  readonly digest: string;

  constructor(cause: Error, digest: string) {
    super(cause.message, { cause });
    this.digest = digest;
  }
}

/** More comes out of the blob than may: nothing is read of the rest. */
class TooLargeError extends Error {
  readonly code = TOO_LARGE;
}

/** While it writes files the thread is confined to the layer's folder; in between other lanes take it elsewhere. */
export class UnpackJob {
  readonly #confinement: Confinement;
  readonly #folder: string;
  readonly #algorithm: string;
  readonly #blobHash: Hash;
  readonly #diffHash = createHash("sha256");
  readonly #writer = new LayerWriter();
  readonly #reader = new TarReader(this.#writer);
  readonly #decompressor = new Decompressor((chunk) => {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) throw new TooLargeError(`it unpacks to over ${this.#maxBytes} bytes`);
    this.#diffHash.update(chunk);
    this.#confinement.enter(this.#folder);
    this.#reader.write(chunk);
  });
  readonly #partial: number | undefined;
  readonly #partialPath: string | undefined;
  /** Whether the whole blob was unpacked: what was kept of it has served its purpose. */
  #isWhole = false;
  readonly #maxBytes: number;
  #bytes = 0;
  #broken: Error | undefined;

  constructor(task: UnpackTask, confinement: Confinement) {
    this.#confinement = confinement;
    this.#folder = task.folder;
    this.#algorithm = task.digest.slice(0, task.digest.indexOf(":"));
    this.#blobHash = digestHasher(task.digest);
    this.#maxBytes = task.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#partialPath = task.partial;
    if (task.partial) this.#partial = openSync(task.partial, "a+", 0o600);
    try {
      confinement.enter(task.folder);
    } catch (error) {
      if (this.#partial !== undefined) closeSync(this.#partial);
      throw error;
    }
  }

  /** Reads what an earlier attempt has left of the blob. */
  async resume(): Promise<void> {
    if (this.#partial === undefined) return;
    const buffer = Buffer.alloc(SLOT_BYTES);
    for (let at = 0; ; ) {
      const length = readSync(this.#partial, buffer, 0, buffer.length, at);
      if (length === 0) return;
      await this.#take(buffer.subarray(0, length));
      at += length;
    }
  }

  /** Takes the next bytes of the blob. Rejects when the machine fails (no space left) or the limit is passed; broken content shows at the end. */
  async write(chunk: Buffer): Promise<void> {
    if (this.#partial !== undefined) writeSync(this.#partial, chunk);
    await this.#take(chunk);
  }

  /** All bytes are there. Rejects with ContentError when they are no layer. */
  async end(): Promise<UnpackedLayer> {
    const digest = () => `${this.#algorithm}:${this.#blobHash.digest("hex")}`;
    try {
      if (this.#broken) throw this.#broken;
      await this.#decompressor.end();
      this.#confinement.enter(this.#folder);
      this.#reader.end();
      const written = this.#writer.finish();
      this.#isWhole = true;
      return { ...written, digest: digest(), diffId: `sha256:${this.#diffHash.digest("hex")}` };
    } catch (error) {
      throw endsAtOnce(error) ? error : new ContentError(error as Error, digest());
    }
  }

  /** Lets go of everything, and leaves the folder. */
  close(): void {
    this.#decompressor.destroy();
    this.#writer.close();
    this.#confinement.leave();
    if (this.#partial === undefined) return;
    closeSync(this.#partial);
    // Here and not by the daemon: to give back the memory of a large file takes long.
    if (this.#isWhole) rmSync(this.#partialPath!, { force: true });
  }

  async #take(chunk: Buffer): Promise<void> {
    this.#blobHash.update(chunk);
    if (this.#broken) return;
    try {
      await this.#decompressor.write(chunk);
    } catch (error) {
      if (endsAtOnce(error)) throw error;
      this.#broken = error as Error;
    }
  }
}

function endsAtOnce(error: unknown): boolean {
  return error instanceof TooLargeError || isSystemError(error);
}

/** What the content can cause (a hard link to nothing, a name too long) is the content's fault, the rest is not. */
function isSystemError(error: unknown): boolean {
  const { code, syscall } = error as { code?: string; syscall?: string };
  return (
    syscall !== undefined &&
    ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EMFILE", "ENFILE", "ENOMEM"].includes(code ?? "")
  );
}
