/** The benchmark's client, a small program in Go (bench/go): built into the cache and run. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { cacheDir } from "../test/cache.ts";

const run = promisify(execFile);

/** What each operation took in each of its runs, in nanoseconds, by the operation's name. */
export type Durations = Record<string, number[]>;

/** Builds the client, unless it is built already, and answers its path. Needs Go. */
export function buildClient(): Promise<string> {
  return build(join(import.meta.dirname, "go"), "cri-bench");
}

/** Builds the client that streams, as the tests have it, and answers its path. Needs Go. */
export function buildStreamClient(): Promise<string> {
  return build(join(import.meta.dirname, "..", "test", "stream-client"), "stream-client");
}

async function build(module: string, name: string): Promise<string> {
  const program = join(cacheDir(), "bench", name);
  await run("go", ["build", "-o", program, "."], { cwd: module });
  return program;
}

/**
 * Runs one benchmark of the client and answers its durations, all that it prints merged. `pause` is awaited when the
 * first of them are printed; only after it does the client's standard input end. Rejects with what the client says.
 */
export async function runClient(
  program: string,
  args: string[],
  pause: () => void | Promise<void> = () => {},
): Promise<Durations> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const ended = once(child, "close");
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (complaint += text));
  const durations: Durations = {};
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      Object.assign(durations, JSON.parse(line));
      if (!child.stdin.writableEnded) await pause();
      child.stdin.end();
    }
  } finally {
    child.stdin.end();
    await ended;
  }
  if (child.exitCode !== 0) throw new Error(complaint.trim() || `cri-bench ended with ${child.exitCode}`);
  return durations;
}
