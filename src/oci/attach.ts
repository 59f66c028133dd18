/** Connects a client with a container's process through its monitor's socket `attach`: output from now on, and input. */
import { join } from "node:path";
import type { Duplex, Writable } from "node:stream";
import { connectPacketSocket } from "../linux/packet-socket.ts";
import { isAlive, type ProcessIdentity } from "../linux/process.ts";
import { onProcessEnd } from "../linux/process-watcher.ts";
import { resizeTerminal } from "./control.ts";
import type { ProcessStreams } from "./streams.ts";

/** conmon's read buffer; what exceeds it of a message would be lost. */
const MAX_INPUT_BYTES = 32_768;
/** What a message from conmon begins with when it is of stderr; else it is 2. */
const STDERR = 3;
/** What is kept for a client that does not read when the process has ended: more than pipes and socket can hold by then. */
const MAX_REST_BYTES = 1 << 20;

export interface AttachOptions {
  /** The bundle of a container with a monitor. */
  bundle: string;
  /** The container's first process. */
  process: ProcessIdentity;
  /** Whether it has a terminal, which then takes the client's size. */
  tty: boolean;
}

/**
 * Resolves when the container has ended and its output has been written to the client's streams (which are not ended), or when
 * `signal` is aborted: that only disconnects. The end of the client's stdin closes the container's with StdinOnce, else
 * nothing but the client's half. Rejects when no monitor can be reached.
 *
 * A client that does not read holds up the monitor, and so all output of the container, its log and its other clients, until it
 * reads on or leaves; or until the process has ended, which the monitor has to write down.
 */
export async function attach(
  options: AttachOptions,
  streams: ProcessStreams,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const output = new Output(streams);
  const forget = onProcessEnd(options.process.pid, () => output.stopWaiting());
  try {
    // The number may be another's by now.
    if (!isAlive(options.process)) output.stopWaiting();
    await relay(connect(options.bundle), output, options, streams, signal);
  } finally {
    forget();
  }
}

async function relay(
  socket: Duplex,
  output: Output,
  { bundle, tty }: AttachOptions,
  streams: ProcessStreams,
  signal: AbortSignal,
): Promise<void> {
  const disconnect = () => {
    socket.destroy();
    output.stopWaiting();
  };
  signal.addEventListener("abort", disconnect);
  streams.stdin?.pipe(socket);
  if (tty) streams.onResize(({ width, height }) => resize(socket, bundle, height, width));
  try {
    for await (const message of socket) {
      await output.write(message);
      if (output.overflows) return;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", disconnect);
    streams.stdin?.unpipe(socket);
    socket.destroy();
  }
}

function connect(bundle: string): Duplex {
  const path = join(bundle, "attach");
  try {
    return connectPacketSocket(path, { maxMessageBytes: MAX_INPUT_BYTES });
  } catch (cause) {
    const reason =
      (cause as NodeJS.ErrnoException).code === "EAGAIN" ? "too many clients wait" : "no monitor listens";
    throw new Error(`${reason} at ${path}`, { cause });
  }
}

function resize(socket: Duplex, bundle: string, height: number, width: number): void {
  if (socket.destroyed) return;
  try {
    resizeTerminal(bundle, height, width);
  } catch {
    // A monitor that is gone needs no size, and the socket tells of its end.
  }
}

/** The client's side of the output. */
class Output {
  readonly #streams: ProcessStreams;
  #waits = true;
  #release: (() => void) | undefined;
  #overflows = false;

  constructor(streams: ProcessStreams) {
    this.#streams = streams;
  }

  /** Whether so much is kept for a client that does not read that no more must be. */
  get overflows(): boolean {
    return this.#overflows;
  }

  /** Writes what a message of conmon's holds, and waits until the client has room for more. */
  async write(message: Buffer): Promise<void> {
    const target = message[0] === STDERR ? this.#streams.stderr : this.#streams.stdout;
    if (!target?.writable || target.write(message.subarray(1))) return;
    if (this.#waits) await this.#room(target);
    else this.#overflows = target.writableLength > MAX_REST_BYTES;
  }

  /** From now on the client's room does not count. */
  stopWaiting(): void {
    this.#waits = false;
    this.#release?.();
  }

  #room(target: Writable): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        target.off("drain", go);
        target.off("close", go);
        this.#release = undefined;
        resolve();
      };
      target.on("drain", go);
      target.on("close", go);
      this.#release = go;
    });
  }
}
