/** Runs a command in a running container by the runtime's `exec`, to its end or to a time limit that leaves nothing behind. */
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";
import { launch, type ProgramResult, type Running } from "../linux/program.ts";
import { type ExecOptions, ExecProcess } from "./exec-process.ts";

const MAX_OUTPUT_BYTES = 16 << 20;
const REAP_MS = 1_000;
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
 * Runs a process in a container and waits for its end. DEADLINE_EXCEEDED after `timeoutMs`, or the signal's reason, when every
 * process that the exec has started is gone. RuntimeError when the runtime could not start it.
 */
export async function execSync(options: ExecSyncOptions): Promise<ExecSyncResult> {
  options.signal?.throwIfAborted();
  const execProcess = new ExecProcess(options);
  try {
    const result = await runWithin(execProcess, options);
    const { stdout, stderr } = result;
    return { stdout, stderr, exitCode: execProcess.exitCode(result) };
  } finally {
    await execProcess.release();
  }
}

async function runWithin(execProcess: ExecProcess, options: ExecSyncOptions): Promise<ProgramResult> {
  const { runtime, timeoutMs, signal } = options;
  const running = await launch(runtime.path, {
    args: execProcess.args(),
    env: runtime.env,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  });
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const limited = timeoutMs > 0 && timeoutMs <= LONGEST_TIMER_MS;
  const timer = limited ? setTimeout(() => reject(timeout(timeoutMs)), timeoutMs) : undefined;
  const onAbort = () => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    if (signal?.aborted) onAbort();
    return await Promise.race([running.ended, stopped]);
  } catch (error) {
    await end(running, execProcess);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** The processes first: killed before them, the runtime would leave them to nobody. */
async function end(running: Running, execProcess: ExecProcess): Promise<void> {
  await execProcess.kill();
  await Promise.race([running.ended, sleep(REAP_MS, undefined, { ref: false })]);
  running.kill();
  await running.ended;
}

function timeout(ms: number): StatusError {
  return new StatusError(
    status.DEADLINE_EXCEEDED,
    `command was killed: timeout ${ms / 1000}s exceeded: context deadline exceeded`,
  );
}
