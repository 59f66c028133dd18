/** Runs a command in a running container with a client at its streams. */
import { setTimeout as sleep } from "node:timers/promises";
import { hangUp } from "./exec-hang-up.ts";
import { PipeWiring } from "./exec-pipes.ts";
import { type ExecOptions, ExecProcess } from "./exec-process.ts";
import { TerminalWiring } from "./exec-terminal.ts";
import type { Wiring } from "./exec-wiring.ts";
import type { ProcessStreams, TerminalSize } from "./streams.ts";

/** How long a program in the background that holds the command's output may be silent, and talk, after the command's end. */
const QUIET_MS = 500;
const TALK_MS = 10_000;
/** How long the command waits for a client to tell the size of its terminal, which most do at once. */
const SIZE_MS = 50;

/** Ends an exec that was given up, the command's end being `ended`. */
type GiveUp = (execProcess: ExecProcess, ended: Promise<unknown>) => Promise<void>;

/**
 * Runs a process in a container with the client's streams and waits for its end, when all of its output has been given to them. With
 * `terminal` it gets one, of the client's size. A program that it leaves in the background becomes one of the container's; while that
 * holds the output, the end waits for it until it is silent for half a second, and ten seconds at most.
 *
 * Once `signal` is aborted the exec is ended by `giveUp` (when absent every process gets SIGHUP, and SIGKILL if the command has not
 * ended five seconds later); then this rejects with the signal's reason. RuntimeError when the runtime could not start the command.
 */
export async function exec(
  options: ExecOptions,
  streams: ProcessStreams,
  signal: AbortSignal,
  giveUp: GiveUp = hangUp,
): Promise<{ exitCode: number }> {
  signal.throwIfAborted();
  const { stdin, stdout, stderr } = streams;
  // That the client is gone is for the signal to say.
  for (const stream of [stdin, stdout, stderr]) stream?.on("error", () => {});
  const { process } = options;
  const consoleSize = process.terminal ? await firstSize(streams) : undefined;
  signal.throwIfAborted();
  const execProcess = new ExecProcess({
    ...options,
    process: { ...process, ...(consoleSize && { consoleSize }) },
  });
  try {
    const wiring = process.terminal
      ? new TerminalWiring(streams, execProcess.files)
      : new PipeWiring(streams, options.pipeOwner);
    try {
      return { exitCode: await run(execProcess, wiring, signal, giveUp) };
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
  wiring: Wiring,
  signal: AbortSignal,
  giveUp: GiveUp,
): Promise<number> {
  const { promise: aborted, resolve: abort } = Promise.withResolvers<undefined>();
  const onAbort = () => abort(undefined);
  signal.addEventListener("abort", onAbort);
  const ended = start(execProcess, wiring);
  try {
    const exitCode = await Promise.race([ended, aborted]);
    if (exitCode !== undefined) await Promise.race([drain(wiring, execProcess), aborted]);
    if (exitCode !== undefined && !signal.aborted) return exitCode;
    wiring.hangUp();
    const over = ended.catch(() => {});
    await giveUp(execProcess, over);
    await over;
    throw signal.reason;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Resolves with the command's exit code. */
async function start(execProcess: ExecProcess, wiring: Wiring): Promise<number> {
  const starting = execProcess.start(wiring);
  wiring.handedOver();
  const { exitCode } = await starting;
  try {
    wiring.connect();
  } catch (error) {
    await execProcess.kill();
    throw error;
  }
  return await exitCode;
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
