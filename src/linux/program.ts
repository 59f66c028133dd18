/** A program run to its end: bounded output, time limit, abort, and errors that say what the program said. */

import type { Readable } from "node:stream";
import { type ChildProcess, spawn } from "./child-process.ts";
import type { ProcessEnd } from "./children.ts";
import { Patience } from "./patience.ts";
import { killGroup } from "./process-tree.ts";

const DEFAULT_OUTPUT_BYTES = 1 << 20;
const STDERR_TAIL = 2_000;
// What a program wrote before its end is in the pipe already; only a stray heir of the pipe keeps it open.
const DRAIN_MS = 500;
// Not even SIGKILL ends a process that is stuck in the kernel.
const KILL_MS = 2_000;
const killed: ProgramResult = {
  exitCode: null,
  exitSignal: "SIGKILL",
  stdout: Buffer.alloc(0),
  stderr: Buffer.alloc(0),
};

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
  /** Called once an output exceeds that. */
  onExcess?: () => void;
  /** Kills the process group after so long; no limit when absent. */
  timeoutMs?: number;
  /** Kills the process group. */
  signal?: AbortSignal;
}

export interface ProgramResult extends ProcessEnd {
  stdout: Buffer;
  stderr: Buffer;
}

/** A program that could not be started, was killed, or ended with a code other than 0. */
export class ProgramError extends Error {
  readonly program: string;
  readonly exitCode: number | null;
  /** All that was kept of stderr. */
  readonly stderr: string;
  /** Absent for one that could not be started. */
  readonly result: ProgramResult | undefined;
  /** Whether its time was up. */
  readonly timedOut: boolean;

  constructor(
    program: string,
    reason: string,
    result?: ProgramResult,
    options?: ErrorOptions & { timedOut?: boolean },
  ) {
    const stderr = result?.stderr.toString().trim() ?? "";
    super(`${program} ${reason}${stderr === "" ? "" : `: ${stderr.slice(-STDERR_TAIL)}`}`, options);
    this.name = "ProgramError";
    this.program = program;
    this.exitCode = result?.exitCode ?? null;
    this.stderr = stderr;
    this.result = result;
    this.timedOut = options?.timedOut ?? false;
  }
}

/** A program under way. */
export interface Running {
  /** Settles after the program's end and its outputs' (at the latest DRAIN_MS after its own). Never rejects. */
  readonly ended: Promise<ProgramResult>;
  /** SIGKILL to its process group. */
  kill(): void;
}

/** Starts `program` in a process group of its own. Throws ProgramError when it cannot be started. */
export async function launch(program: string, options: ProgramOptions): Promise<Running> {
  const { args, env, input, stdout = true } = options;
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
  const ended = collectResult(child, options);
  // A program that does not read its input closes it, which is no error of ours.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input ?? "");
  return { ended, kill: () => killUnlessReaped(child, pid) };
}

/**
 * Runs `program` to its end. Throws ProgramError for any end but exit code 0, and the signal's reason when aborted. One that was
 * killed for its time or by the signal is not waited for longer than two seconds.
 */
export async function run(program: string, options: ProgramOptions): Promise<ProgramResult> {
  const { timeoutMs, signal } = options;
  signal?.throwIfAborted();
  const running = await launch(program, options);
  const { promise: stuck, resolve: giveUp } = Promise.withResolvers<ProgramResult>();
  let patience: NodeJS.Timeout | undefined;
  let timedOut = false;
  const kill = () => {
    running.kill();
    patience ??= setTimeout(() => giveUp(killed), KILL_MS);
  };
  const onTimeout = () => {
    timedOut = true;
    kill();
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
  signal?.addEventListener("abort", kill);
  if (signal?.aborted) kill();
  const result = await Promise.race([running.ended, stuck]);
  clearTimeout(timer);
  clearTimeout(patience);
  signal?.removeEventListener("abort", kill);
  if (result.exitCode === 0) return result;
  signal?.throwIfAborted();
  if (timedOut) throw new ProgramError(program, `was killed after ${timeoutMs} ms`, result, { timedOut });
  throw new ProgramError(program, endOf(result), result);
}

/** How a program ended, in words. */
export function endOf({ exitCode, exitSignal }: ProcessEnd): string {
  return exitSignal ? `was ended by ${exitSignal}` : `exited with code ${exitCode}`;
}

/** Reads `stream` to its end, keeping at most `maxBytes`. The function returned gives what was kept so far. */
export function collect(stream: Readable | null, maxBytes: number, onExcess?: () => void): () => Buffer {
  const chunks: Buffer[] = [];
  let left = maxBytes;
  stream?.on("data", (chunk: Buffer) => {
    if (chunk.length > left) onExcess?.();
    if (left === 0) return;
    const kept = chunk.length > left ? chunk.subarray(0, left) : chunk;
    left -= kept.length;
    chunks.push(kept);
  });
  return () => Buffer.concat(chunks);
}

function collectResult(
  child: ChildProcess,
  { maxOutputBytes = DEFAULT_OUTPUT_BYTES, onExcess }: ProgramOptions,
): Promise<ProgramResult> {
  const stdout = collect(child.stdout, maxOutputBytes, onExcess);
  const stderr = collect(child.stderr, maxOutputBytes, onExcess);
  return new Promise((resolve) => {
    let drain: Patience | undefined;
    child.on("exit", () => {
      drain = new Patience(DRAIN_MS, () => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      });
    });
    child.on("close", (exitCode, exitSignal) => {
      drain?.cancel();
      resolve({ exitCode, exitSignal, stdout: stdout(), stderr: stderr() });
    });
  });
}

function killUnlessReaped(child: ChildProcess, pid: number): void {
  // Once the leader has been reaped its number may be another's.
  if (child.exitCode === null && child.signalCode === null) killGroup(pid);
}
