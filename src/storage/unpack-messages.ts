/** What the daemon and an unpack worker say to each other, and the memory the layer's bytes pass through. */
import type { MessagePort } from "node:worker_threads";
import type { WrittenLayer } from "./layer-writer.ts";

/** A blob is handed over in slots of shared memory: nothing is allocated for it, and nothing runs ahead. */
export const SLOT_BYTES = 512 * 1024;
export const SLOTS = 4;

export interface UnpackTask {
  kind: "unpack";
  /** The folder that is made and becomes the layer. */
  folder: string;
  /** The digest the blob should have; its algorithm is what counts here. */
  digest: string;
  /** A file to which the blob is added, and with whose content it begins. */
  partial?: string;
  /** Bytes that the uncompressed archive may have. Default: any number. */
  maxBytes?: number | undefined;
}

/** Keeps a blob as it is. */
export interface FileTask {
  kind: "file";
  /** The folder that is made and becomes the layer. */
  folder: string;
  /** Where the blob goes in it; below folders that are made. */
  path: string;
  digest: string;
  /** As that of an unpack task; in the end it becomes the file. */
  partial?: string | undefined;
}

/** A task that makes a layer of a blob. */
export type LayerTask = UnpackTask | FileTask;

/** Makes folders look like those of the layers below; see `inheritFolders`. */
export interface InheritTask {
  kind: "inherit";
  layer: string;
  folders: string[];
  below: string[];
}

/** What a worker is told of a new lane: where its messages come from, and the memory of its slots. */
export interface LaneOpening {
  port: MessagePort;
  slots: SharedArrayBuffer;
}

export type WorkerTask = LayerTask | InheritTask;

/** What a layer's task is fed with; `end` after the last chunk, or `abort`. */
export type WorkerInput =
  | { kind: "chunk"; slot: number; length: number }
  | { kind: "end" }
  | { kind: "abort" };

/** A layer that was made, with the digests its bytes turned out to have. */
export interface UnpackedLayer extends WrittenLayer {
  digest: string;
  diffId: string;
}

/** As `code` of a failure: the archive has more than `maxBytes`. */
export const TOO_LARGE = "TOO_LARGE";

export type WorkerReply =
  /** The slot may be filled again. */
  | { kind: "free"; slot: number }
  | { kind: "done"; unpacked?: UnpackedLayer }
  /** `digest` is that of the whole blob, where it was read to its end. */
  | { kind: "failed"; message: string; code?: string; digest?: string };
