/** Gives up a pull whose bytes have ceased to come: `pull_progress_timeout` of crio.conf(5). */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";
import type { PullProgress } from "./pull-progress.ts";

/** How often in a timeout it is looked at how far the pull is. */
const LOOKS = 10;
const LONGEST_LOOK_MS = 60_000;

export interface StallOptions {
  /** Milliseconds without a byte of any layer; 0 waits for ever. */
  timeout: number;
  /** Undefined while the pull has not begun. */
  progress: () => PullProgress | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Runs `work`; its signal is aborted with DEADLINE_EXCEEDED when layers are waited for and none of them has got a
 * byte for as long as `timeout`. The time before the first layer is asked for, and that of unpacking, do not count.
 */
export async function unlessStalled<T>(
  { timeout, progress, signal }: StallOptions,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (timeout === 0) return work(signal);
  const stalled = new AbortController();
  let seen = "";
  let since = performance.now();
  const look = () => {
    const now = current(progress);
    const moved = signatureOf(now);
    if (moved !== seen || !now || !waitsForBytes(now)) {
      seen = moved;
      since = performance.now();
    } else if (performance.now() - since >= timeout) {
      clearInterval(timer);
      stalled.abort(stalledError(now, timeout));
    }
  };
  const timer = setInterval(look, Math.min(timeout / LOOKS, LONGEST_LOOK_MS));
  try {
    return await work(signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal);
  } finally {
    clearInterval(timer);
  }
}

/** A short name may have ceased to mean anything by a change of registries.conf; its pull goes on. */
function current(progress: StallOptions["progress"]): PullProgress | undefined {
  try {
    return progress();
  } catch {
    return undefined;
  }
}

function signatureOf(progress: PullProgress | undefined): string {
  return progress?.layers.map(({ downloaded, state }) => `${state} ${downloaded}`).join() ?? "";
}

/** Whether bytes of a layer are due, and no layer is busy with those it has. */
function waitsForBytes({ layers }: PullProgress): boolean {
  const isDue = layers.some(({ state }) => state === "downloading");
  return isDue && !layers.some(({ state }) => state === "unpacking");
}

function stalledError({ reference, layers }: PullProgress, timeout: number): StatusError {
  const sum = (field: "size" | "downloaded") => layers.reduce((bytes, layer) => bytes + layer[field], 0);
  const reason = `no byte has come for ${timeout / 1000} s (crio.image.pull_progress_timeout)`;
  const message = `image ${reference}: ${reason}; ${sum("downloaded")} of ${sum("size")} bytes are here`;
  return new StatusError(status.DEADLINE_EXCEEDED, message);
}
