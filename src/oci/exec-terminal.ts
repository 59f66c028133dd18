/** Reaches the command of an exec by a terminal, which the runtime makes in the container and hands over. */
import type { Duplex, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Stdio } from "../linux/child-process.ts";
import { DescriptorListener } from "../linux/descriptor-listener.ts";
import { Patience } from "../linux/patience.ts";
import { Terminal } from "../linux/terminal.ts";
import type { ExecFiles } from "./exec-files.ts";
import type { Wiring } from "./exec-wiring.ts";
import type { ProcessStreams } from "./streams.ts";

/** Wires the client with a terminal; all of its output is stdout. */
export class TerminalWiring implements Wiring {
  readonly stdio: Stdio[] = ["ignore", "ignore", "ignore"];
  readonly drained: Promise<void>;
  readonly #streams: ProcessStreams;
  readonly #listener: DescriptorListener;
  readonly #drained = Promise.withResolvers<void>();
  #terminal: Terminal | undefined;
  #quiet: Patience | undefined;

  constructor(streams: ProcessStreams, { folder, consoleSocket }: ExecFiles) {
    this.#streams = streams;
    this.#listener = new DescriptorListener(folder, consoleSocket);
    this.drained = this.#drained.promise;
  }

  get consoleSocket(): string {
    return this.#listener.path;
  }

  handedOver(): void {
    // It has been given none.
  }

  connect(): void {
    const { stdin, stdout } = this.#streams;
    const terminal = new Terminal(this.#listener.take());
    this.#terminal = terminal;
    const { stream } = terminal;
    // The end of what the client types is no end of the terminal's.
    stdin?.pipe(stream, { end: false });
    stream.on("close", () => stdin?.unpipe(stream));
    (stdout ? copyOutput(stream, stdout) : discardOutput(stream)).then(this.#drained.resolve);
    this.#streams.onResize((size) => terminal.resize(size));
  }

  endWhenQuiet(quietMs: number): void {
    const stream = this.#terminal?.stream;
    if (!stream) return;
    const quiet = new Patience(quietMs, () => {
      // Paused by a client that does not read, it is not silent.
      if (stream.isPaused()) quiet.refresh();
      else stream.destroy();
    });
    this.#quiet = quiet;
    stream.on("data", () => quiet.refresh());
  }

  hangUp(): void {
    this.close();
  }

  close(): void {
    this.#quiet?.cancel();
    this.#listener.close();
    this.#terminal?.close();
    this.#drained.resolve();
  }
}

/** Resolves when the terminal has hung up; so it does when the client takes no more. */
async function copyOutput(terminal: Duplex, stdout: Writable): Promise<void> {
  await pipeline(terminal, stdout, { end: false }).catch(() => {});
}

function discardOutput(terminal: Duplex): Promise<void> {
  terminal.resume();
  return new Promise((resolve) => terminal.once("close", () => resolve()));
}
