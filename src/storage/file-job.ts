/** A blob that is kept as a file, inside an unpack worker: an artifact's, whose path is known to be harmless. */
import type { Hash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fchmodSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { digestHasher } from "../registry/digest.ts";
import { type FileTask, SLOT_BYTES, type UnpackedLayer } from "./unpack-messages.ts";

const PAGE = 4096;
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

/** It runs with the umask 0 of its thread. */
export class FileJob {
  readonly #task: FileTask;
  readonly #target: string;
  readonly #hash: Hash;
  readonly #fd: number;
  #bytes = 0;

  constructor(task: FileTask) {
    this.#task = task;
    this.#hash = digestHasher(task.digest);
    this.#target = join(task.folder, task.path);
    chmodSync(task.folder, FOLDER_MODE);
    mkdirSync(dirname(this.#target), { recursive: true, mode: FOLDER_MODE });
    this.#fd = task.partial ? openSync(task.partial, "a+", 0o600) : openSync(this.#target, "wx", FILE_MODE);
  }

  /** Reads what an earlier attempt has left of the blob. */
  resume(): void {
    if (!this.#task.partial) return;
    const buffer = Buffer.alloc(SLOT_BYTES);
    for (;;) {
      const length = readSync(this.#fd, buffer, 0, buffer.length, this.#bytes);
      if (length === 0) return;
      this.#count(buffer.subarray(0, length));
    }
  }

  /** Takes the next bytes of the blob. Throws when the machine fails. */
  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at);
    this.#count(chunk);
  }

  /** All bytes are there. */
  end(): UnpackedLayer {
    const { partial, path, digest: expected } = this.#task;
    if (partial) {
      fchmodSync(this.#fd, FILE_MODE);
      renameSync(partial, this.#target);
    }
    const algorithm = expected.slice(0, expected.indexOf(":"));
    const digest = `${algorithm}:${this.#hash.digest("hex")}`;
    const folders = path.split("/").length - 1;
    const bytes = Math.ceil(this.#bytes / PAGE) * PAGE + folders * PAGE;
    return { digest, diffId: digest, bytes, inodes: folders + 1, implicitFolders: [], opaque: false };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #count(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }
}
