/** Runs a command in a running container by the runtime's `exec`, to its end or to a time limit that leaves nothing behind. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { hastenMoves } from "../cgroups/hasten-moves.ts";
import { StatusError } from "../cri/status-error.ts";
import { launch, type ProgramResult, type Running } from "../linux/program.ts";
import { log } from "../log.ts";
import { ExecCgroup } from "./exec-cgroup.ts";
import type { Runtime } from "./runtime.ts";
import { hasRuntimeError, RuntimeError, runtimeMessage } from "./runtime-error.ts";

const MAX_OUTPUT_BYTES = 16 << 20;
const REAP_MS = 1_000;
/** setTimeout takes 31 bits of milliseconds, 24 days, and fires at once for more. */
const LONGEST_TIMER_MS = 0x7fffffff;

export interface ExecSyncOptions {
  runtime: Runtime;
  /** The container's id. */
  id: string;
  /** `process` of the OCI runtime specification; `terminal` must be false. */
  process: object;
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

let count = 0;

/**
 * Runs a process in a container and waits for its end. DEADLINE_EXCEEDED after `timeoutMs`, or the signal's reason, when every
 * process that the exec has started is gone. RuntimeError when the runtime could not start it.
 */
export async function execSync(options: ExecSyncOptions): Promise<ExecSyncResult> {
  const { runtime, id } = options;
  options.signal?.throwIfAborted();
  hastenMoves();
  const name = `exec-${process.pid}-${++count}`;
  const cgroup = new ExecCgroup(runtime, id, name);
  const files = new ExecFiles(runtime, name);
  try {
    files.writeProcess(options.process);
    const result = await runWithin(cgroup, files, options);
    return outcome(result, files.log(), runtime);
  } finally {
    files.remove();
    cgroup.release();
  }
}

async function runWithin(
  cgroup: ExecCgroup,
  files: ExecFiles,
  options: ExecSyncOptions,
): Promise<ProgramResult> {
  const { runtime, id, timeoutMs, signal } = options;
  const logging = ["--log", files.logPath];
  const exec = ["exec", "--cgroup", cgroup.argument, "--process", files.processPath, id];
  const running = await launch(runtime.path, {
    args: [...runtime.globalArgs, ...logging, ...exec],
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
    await end(running, cgroup, id);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** The processes first: the runtime then reaps its child, and ends by itself. */
async function end(running: Running, cgroup: ExecCgroup, id: string): Promise<void> {
  try {
    await cgroup.kill();
    await Promise.race([running.ended, sleep(REAP_MS, undefined, { ref: false })]);
  } catch (error) {
    log.warn("a process of an exec survives SIGKILL", { container_id: id, error });
  }
  running.kill();
  await running.ended;
}

function timeout(ms: number): StatusError {
  return new StatusError(
    status.DEADLINE_EXCEEDED,
    `command was killed: timeout ${ms / 1000}s exceeded: context deadline exceeded`,
  );
}

function outcome(
  { stdout, stderr, exitCode, exitSignal }: ProgramResult,
  said: string,
  runtime: Runtime,
): ExecSyncResult {
  if (exitCode === 0) return { stdout, stderr, exitCode };
  // The runtime's exit code is its process's; only the log tells a failure of its own.
  if (hasRuntimeError(said)) throw new RuntimeError(`${runtime.name} exec`, runtimeMessage(said));
  if (exitCode === null) throw new RuntimeError(`${runtime.name} exec`, `was ended by ${exitSignal}`);
  return { stdout, stderr, exitCode };
}

/** What passes between us and the runtime besides the streams: the process to run, and the runtime's own messages. */
class ExecFiles {
  readonly processPath: string;
  readonly logPath: string;

  constructor({ root }: Runtime, name: string) {
    // Beside the state folder, in which every folder counts as a container.
    const folder = `${root}-exec`;
    this.processPath = join(folder, `${name}.json`);
    this.logPath = join(folder, `${name}.log`);
  }

  writeProcess(process: object): void {
    mkdirSync(dirname(this.processPath), { recursive: true, mode: 0o700 });
    writeFileSync(this.processPath, JSON.stringify(process), { mode: 0o600 });
  }

  log(): string {
    try {
      return readFileSync(this.logPath, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw error;
    }
  }

  remove(): void {
    rmSync(this.processPath, { force: true });
    rmSync(this.logPath, { force: true });
  }
}
