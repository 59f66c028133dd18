/** Runs a command in a running container, to its end or to a time limit that leaves nothing behind, and keeps its output. */
import { Writable } from "node:stream";
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";
import { exec } from "./exec.ts";
import type { ExecOptions } from "./exec-process.ts";

const MAX_OUTPUT_BYTES = 16 << 20;
/** setTimeout takes 31 bits of milliseconds, 24 days, and fires at once for more. */
const LONGEST_TIMER_MS = 0x7fffffff;

/** `terminal` of the process must be false. */
export interface ExecSyncOptions extends ExecOptions {
  /** 0 for no limit; nor is there one beyond 24 days. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface ExecSyncResult {
  /** At most 16 MiB, as of stderr; what exceeds them is dropped. */
  stdout: Buffer;
  stderr: Buffer;
  exitCode: number;
}

/**
 * Runs a process in a container and waits for its end and its output's, as `exec` does. DEADLINE_EXCEEDED after `timeoutMs`, or the
 * signal's reason, when every process that the exec has started is gone. RuntimeError when the runtime could not start it.
 */
export async function execSync({ timeoutMs, signal, ...options }: ExecSyncOptions): Promise<ExecSyncResult> {
  signal?.throwIfAborted();
  const giveUp = new AbortController();
  const limited = timeoutMs > 0 && timeoutMs <= LONGEST_TIMER_MS;
  const timer = limited ? setTimeout(() => giveUp.abort(timeout(timeoutMs)), timeoutMs) : undefined;
  const onAbort = () => giveUp.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  const stdout = new Kept();
  const stderr = new Kept();
  try {
    const streams = { stdout, stderr, onResize: () => {} };
    const { exitCode } = await exec(options, streams, giveUp.signal, (execProcess) => execProcess.kill());
    return { stdout: stdout.bytes, stderr: stderr.bytes, exitCode };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Keeps the beginning of what is written to it. */
class Kept extends Writable {
  readonly #chunks: Buffer[] = [];
  #left = MAX_OUTPUT_BYTES;

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#left > 0) {
      // The chunk is overwritten with what comes next.
      const kept = Buffer.from(chunk.subarray(0, this.#left));
      this.#left -= kept.length;
      this.#chunks.push(kept);
    }
    done();
  }
}

function timeout(ms: number): StatusError {
  return new StatusError(
    status.DEADLINE_EXCEEDED,
    `command was killed: timeout ${ms / 1000}s exceeded: context deadline exceeded`,
  );
}
