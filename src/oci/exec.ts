/** Runs a command in a running container with a client at its streams, by the runtime's `exec`. */
import { setTimeout as sleep } from "node:timers/promises";
import { type ChildProcess, spawn } from "../linux/child-process.ts";
import { CommandEnd } from "./command-end.ts";
import { hangUp } from "./exec-hang-up.ts";
import { PipeWiring } from "./exec-pipes.ts";
import { type ExecOptions, ExecProcess, type RuntimeEnd } from "./exec-process.ts";
import { TerminalWiring } from "./exec-terminal.ts";
import type { Wiring } from "./exec-wiring.ts";
import type { Process } from "./spec/types.ts";
import type { ProcessStreams, TerminalSize } from "./streams.ts";

/** How long a program in the background that holds the command's output may be silent, and talk, after the command's end. */
const QUIET_MS = 500;
const TALK_MS = 10_000;
/** How long the command waits for a client to tell the size of its terminal, which most do at once. */
const SIZE_MS = 50;
const hungUp: RuntimeEnd = { exitCode: null, exitSignal: "SIGHUP" };

export interface InteractiveExecOptions extends ExecOptions {
  /** With `terminal` it gets one, of the client's size. */
  process: Process;
}

/**
 * Runs a process in a container with the client's streams and waits for its end, when all of its output has been given to them.
 * A program that it leaves in the background becomes one of the container's; while that holds the output, the end waits for it
 * until it is silent for half a second, and ten seconds at most.
 *
 * Once `signal` is aborted every process of the exec gets SIGHUP, and SIGKILL if the command has not ended five seconds later;
 * then this rejects with the signal's reason. RuntimeError when the runtime could not start the command.
 */
export async function exec(
  options: InteractiveExecOptions,
  streams: ProcessStreams,
  signal: AbortSignal,
): Promise<{ exitCode: number }> {
  signal.throwIfAborted();
  const { stdin, stdout, stderr } = streams;
  // That the client is gone is for the signal to say.
  for (const stream of [stdin, stdout, stderr]) stream?.on("error", () => {});
  const { process } = options;
  const size = process.terminal ? await firstSize(streams) : undefined;
  signal.throwIfAborted();
  const execProcess = new ExecProcess({
    ...options,
    process: size ? { ...process, consoleSize: size } : process,
  });
  try {
    const wiring = process.terminal ? new TerminalWiring(streams, size) : new PipeWiring(streams);
    try {
      const end = await run(execProcess, options, wiring, signal);
      signal.throwIfAborted();
      return { exitCode: execProcess.exitCode(end) };
    } finally {
      wiring.close();
    }
  } finally {
    await execProcess.release();
  }
}

/** With it the program sees the right size from its beginning. */
async function firstSize(streams: ProcessStreams): Promise<TerminalSize | undefined> {
  const told = new Promise<TerminalSize>((resolve) => streams.onResize(resolve));
  return await Promise.race([told, sleep(SIZE_MS, undefined, { ref: false })]);
}

async function run(
  execProcess: ExecProcess,
  { runtime }: ExecOptions,
  wiring: Wiring,
  signal: AbortSignal,
): Promise<RuntimeEnd> {
  const commandEnd = new CommandEnd(execProcess.files.logPath);
  const { stdio } = wiring;
  const child = spawn(runtime.path, execProcess.args({ debug: true }), {
    detached: true,
    env: runtime.env,
    stdio,
  });
  wiring.handedOver();
  const runtimeEnded = endOf(child);
  const told = commandEnd.exitCode.then((exitCode) => ({ exitCode, exitSignal: null }));
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => abort());
  if (signal.aborted) abort();
  try {
    const ended = Promise.race([runtimeEnded, told]);
    const end = await Promise.race([ended, aborted]);
    if (end) await Promise.race([drain(wiring, execProcess), aborted]);
    else {
      wiring.hangUp();
      await hangUp(execProcess, child, ended);
    }
    return end ?? hungUp;
  } finally {
    child.kill("SIGKILL");
    await runtimeEnded;
    commandEnd.close();
  }
}

function endOf(child: ChildProcess): Promise<RuntimeEnd> {
  return new Promise((resolve, reject) => {
    child.once("exit", (exitCode, exitSignal) => resolve({ exitCode, exitSignal }));
    child.once("error", reject);
  });
}

/** Waits for the rest of the output: to its end, unless somebody in the background holds it. */
async function drain(wiring: Wiring, { cgroup }: ExecProcess): Promise<void> {
  if (cgroup.processes.length === 0) {
    await wiring.drained;
    return;
  }
  wiring.endWhenQuiet(QUIET_MS);
  await Promise.race([wiring.drained, sleep(TALK_MS, undefined, { ref: false })]);
}
