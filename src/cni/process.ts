/** A short-lived child process in a process group of its own: input, both outputs, a time limit, no stragglers. */

import type { Readable } from "node:stream";
import { spawn } from "../linux/child-process.ts";

const MAX_OUTPUT_BYTES = 4 << 20;
// A child of the process may keep its outputs open: what it wrote itself is read long before this.
const DRAIN_MS = 250;
// Not even SIGKILL ends a process that is stuck in the kernel.
const KILL_MS = 2_000;

export interface ProcessRequest {
  path: string;
  environment: Record<string, string | undefined>;
  input: string;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface ProcessOutcome {
  exitCode: number | null;
  exitSignal: string | null;
  stdout: string;
  stderr: string;
  /** Why the whole process group was killed, if it was. */
  stopped?: "timeout" | "aborted" | "output";
}

/** Runs the program at `path` to its end. Rejects only when it cannot be started. */
export function runProcess(request: ProcessRequest): Promise<ProcessOutcome> {
  const { path, environment, input, timeoutMs, signal } = request;
  return new Promise((resolve, reject) => {
    const child = spawn(path, [], { detached: true, env: environment, stdio: ["pipe", "pipe", "pipe"] });
    child.on("error", reject);
    // Not started: the error comes as an event, and the pipes may not even exist.
    const { pid } = child;
    if (pid === undefined) return;
    const stdout = collect(child.stdout, () => stop("output"));
    const stderr = collect(child.stderr, () => stop("output"));
    let stopped: ProcessOutcome["stopped"];
    let lastTimer: NodeJS.Timeout | undefined;

    const stop = (reason: NonNullable<ProcessOutcome["stopped"]>) => {
      if (stopped) return;
      stopped = reason;
      // Once the leader is gone its number may be another's.
      if (child.exitCode === null && child.signalCode === null) killGroup(pid);
      lastTimer ??= setTimeout(finish, KILL_MS);
    };
    const letGo = () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const finish = () => {
      clearTimeout(timeout);
      clearTimeout(lastTimer);
      signal?.removeEventListener("abort", onAbort);
      letGo();
      const { exitCode, signalCode: exitSignal } = child;
      resolve({ exitCode, exitSignal, stdout: stdout(), stderr: stderr(), ...(stopped && { stopped }) });
    };
    const timeout = setTimeout(() => stop("timeout"), timeoutMs);
    const onAbort = () => stop("aborted");

    child.on("exit", () => {
      clearTimeout(timeout);
      clearTimeout(lastTimer);
      lastTimer = setTimeout(letGo, DRAIN_MS);
    });
    child.on("close", finish);
    // A program that does not read its input closes it: no error of ours.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort);
  });
}

function collect(stream: Readable | null, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_OUTPUT_BYTES) tooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The whole group is gone already.
  }
}
