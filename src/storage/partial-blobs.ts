/** Blobs of layers that a download has left unfinished, so that the next attempt can go on from there. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Descriptor } from "../registry/descriptor.ts";
import type { Removals } from "./removals.ts";

/** Smaller blobs are sooner asked for again than looked up. */
const WORTH_KEEPING = 4 * 1024 * 1024;
/** What nobody has come back for is of no use any more. */
const KEPT_MS = 60 * 60 * 1000;

/** The right to write one unfinished blob. */
export interface PartialBlob {
  path: string;
  /** Bytes that are there already. */
  offset: number;
  /** Ends the right; what was written stays for the next attempt only when `keep` says so. */
  release(keep: boolean): void;
}

export class PartialBlobs {
  readonly #folder: string;
  readonly #removals: Removals;
  readonly #claimed = new Set<string>();
  readonly #abandoned = new Map<string, { bytes: number; since: number }>();

  /** Whatever an earlier daemon left under `root` is removed: nothing vouches for it. */
  constructor(root: string, removals: Removals) {
    this.#folder = join(root, "blobs");
    this.#removals = removals;
    const blobs = join(this.#folder, "sha256");
    mkdirSync(blobs, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(blobs)) this.#discard(join(blobs, name));
  }

  /** Claims the blob for one download; undefined where it is small, or another download of it is under way. */
  claim({ digest, size }: Descriptor): PartialBlob | undefined {
    this.#expire();
    if (size < WORTH_KEEPING || !digest.startsWith("sha256:") || this.#claimed.has(digest)) return undefined;
    const path = this.#path(digest);
    this.#claimed.add(digest);
    const found = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (found > size) this.#discard(path);
    this.#abandoned.delete(digest);
    return {
      path,
      offset: found > size ? 0 : found,
      release: (keep) => this.#release(digest, keep),
    };
  }

  /** What is kept, in bytes and files. */
  usage(): { bytes: number; inodes: number } {
    let bytes = 0;
    for (const blob of this.#abandoned.values()) bytes += blob.bytes;
    return { bytes, inodes: this.#abandoned.size };
  }

  #release(digest: string, keep: boolean): void {
    this.#claimed.delete(digest);
    const path = this.#path(digest);
    const bytes = keep ? statSync(path, { throwIfNoEntry: false })?.size : undefined;
    // Empty, there is nothing to go on from.
    if (!bytes) this.#discard(path);
    else this.#abandoned.set(digest, { bytes, since: performance.now() });
  }

  #expire(): void {
    for (const [digest, { since }] of this.#abandoned) {
      if (since + KEPT_MS > performance.now()) continue;
      this.#discard(this.#path(digest));
      this.#abandoned.delete(digest);
    }
  }

  /** Removes a blob that need not be there. The name is free at once, however long the removal takes. */
  #discard(path: string): void {
    const aside = `${path}.${randomUUID()}`;
    try {
      renameSync(path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    this.#removals.remove(aside);
  }

  #path(digest: string): string {
    return join(this.#folder, `${digest.replace(":", "/")}.partial`);
  }
}
