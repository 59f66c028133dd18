/** A program run to its end: bounded output, time limit, abort, and errors that say what the program said. */

import type { Readable } from "node:stream";
import { type ChildProcess, spawn } from "../linux/child-process.ts";

const DEFAULT_OUTPUT_BYTES = 1 << 20;
const STDERR_TAIL = 2_000;
// What a program wrote before its end is in the pipe already; only a stray heir of the pipe keeps it open.
const DRAIN_MS = 500;

export interface ProgramOptions {
  args: readonly string[];
  /** Complete environment; the daemon's own when absent. */
  env?: NodeJS.ProcessEnv;
  /** Written to stdin, which is /dev/null when absent. */
  input?: string;
  /** False leaves stdout unread (/dev/null), which is cheaper. */
  stdout?: boolean;
  /** Bytes kept of each output; what exceeds them is read and dropped. 1 MiB when absent. */
  maxOutputBytes?: number;
  /** Kills the process group after so long; no limit when absent. */
  timeoutMs?: number;
  /** Kills the process group. */
  signal?: AbortSignal;
}

export interface ProgramResult {
  exitCode: number | null;
  exitSignal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: Buffer;
}

/** A program that could not be started, was killed, or ended with a code other than 0. */
export class ProgramError extends Error {
  readonly program: string;
  readonly exitCode: number | null;
  /** All that was kept of stderr. */
  readonly stderr: string;

  constructor(program: string, reason: string, result?: ProgramResult, options?: ErrorOptions) {
    const stderr = result?.stderr.toString().trim() ?? "";
    super(`${program} ${reason}${stderr === "" ? "" : `: ${stderr.slice(-STDERR_TAIL)}`}`, options);
    this.name = "ProgramError";
    this.program = program;
    this.exitCode = result?.exitCode ?? null;
    this.stderr = stderr;
  }
}

/** A program under way. */
export interface Running {
  readonly pid: number;
  /** Settles after the program's end and its outputs' (at the latest DRAIN_MS after its own). Never rejects. */
  readonly ended: Promise<ProgramResult>;
  /** SIGKILL to its process group. */
  kill(): void;
}

/** Starts `program` in a process group of its own. Throws ProgramError when it cannot be started. */
export async function launch(program: string, options: ProgramOptions): Promise<Running> {
  const { args, env, input, stdout = true, maxOutputBytes = DEFAULT_OUTPUT_BYTES } = options;
  const child = spawn(program, args, {
    detached: true,
    env,
    stdio: [input === undefined ? "ignore" : "pipe", stdout ? "pipe" : "ignore", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = await new Promise<[Error]>((resolve) => child.once("error", (cause) => resolve([cause])));
    throw new ProgramError(program, `cannot be started: ${error.message}`, undefined, { cause: error });
  }
  const ended = collectResult(child, maxOutputBytes);
  // A program that does not read its input closes it, which is no error of ours.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input ?? "");
  return { pid, ended, kill: () => killGroup(child, pid) };
}

/** Runs `program` to its end. Throws ProgramError for any end but exit code 0, and the signal's reason when aborted. */
export async function run(program: string, options: ProgramOptions): Promise<ProgramResult> {
  const { timeoutMs, signal } = options;
  signal?.throwIfAborted();
  const running = await launch(program, options);
  let timedOut = false;
  const onTimeout = () => {
    timedOut = true;
    running.kill();
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
  signal?.addEventListener("abort", running.kill);
  if (signal?.aborted) running.kill();
  const result = await running.ended;
  clearTimeout(timer);
  signal?.removeEventListener("abort", running.kill);
  if (result.exitCode === 0) return result;
  signal?.throwIfAborted();
  if (timedOut) throw new ProgramError(program, `was killed after ${timeoutMs} ms`, result);
  throw new ProgramError(program, endOf(result), result);
}

/** How a program ended, in words. */
export function endOf({ exitCode, exitSignal }: Pick<ProgramResult, "exitCode" | "exitSignal">): string {
  return exitSignal ? `was ended by ${exitSignal}` : `exited with code ${exitCode}`;
}

/** Reads `stream` to its end, keeping at most `maxBytes`. The function returned gives what was kept so far. */
export function collect(stream: Readable | null, maxBytes: number): () => Buffer {
  const chunks: Buffer[] = [];
  let left = maxBytes;
  stream?.on("data", (chunk: Buffer) => {
    if (left === 0) return;
    const kept = chunk.length > left ? chunk.subarray(0, left) : chunk;
    left -= kept.length;
    chunks.push(kept);
  });
  return () => Buffer.concat(chunks);
}

function collectResult(child: ChildProcess, maxBytes: number): Promise<ProgramResult> {
  const stdout = collect(child.stdout, maxBytes);
  const stderr = collect(child.stderr, maxBytes);
  return new Promise((resolve) => {
    let drain: NodeJS.Timeout | undefined;
    child.on("exit", () => {
      drain = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS);
    });
    child.on("close", (exitCode, exitSignal) => {
      clearTimeout(drain);
      resolve({ exitCode, exitSignal, stdout: stdout(), stderr: stderr() });
    });
  });
}

function killGroup(child: ChildProcess, pid: number): void {
  // Once the leader has been reaped its number may be another's.
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
