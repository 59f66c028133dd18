/** Hands a blob over to an unpack worker as it comes: straight from the socket's buffer, with nothing in between that allocates. */
import type { Readable } from "node:stream";
import type { Slots } from "./slots.ts";

/** Is told of each chunk that came, and of each slot the worker is done with (0 bytes). */
export type OnProgress = (bytes: number, isBusy: boolean) => void;

/**
 * Resolves when all of `blob` is with the worker. Rejects with the blob's error, or with the reason of `stop`; the
 * blob is destroyed then.
 */
export async function feed(
  blob: Readable,
  slots: Slots,
  stop: AbortSignal,
  onProgress: OnProgress,
): Promise<void> {
  const done = Promise.withResolvers<void>();
  const stopped = () => done.reject(stop.reason);
  stop.addEventListener("abort", stopped);
  let ended = false;
  const goOn = () => {
    if (!slots.hasRoom) blob.pause();
    else if (!ended) blob.resume();
    else done.resolve();
  };
  slots.onRelease = () => {
    onProgress(0, slots.isBusy);
    goOn();
  };
  blob.on("data", (chunk: Buffer) => {
    slots.write(chunk);
    onProgress(chunk.length, slots.isBusy);
    if (!slots.hasRoom) blob.pause();
  });
  blob.once("end", () => {
    ended = true;
    goOn();
  });
  blob.on("error", (error) => done.reject(error));
  blob.once("close", () => ended || done.reject(new Error("the blob was closed before its end")));
  try {
    stop.throwIfAborted();
    goOn();
    await done.promise;
    slots.flush();
  } catch (error) {
    blob.destroy();
    throw error;
  } finally {
    stop.removeEventListener("abort", stopped);
    slots.onRelease = undefined;
    slots.discard();
  }
}
