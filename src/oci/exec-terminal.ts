/** Reaches the command of an exec by a terminal: the runtime copies between it and the command's own, in the container. */
import type { Duplex, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Stdio } from "../linux/child-process.ts";
import { openTerminal, type Terminal } from "../linux/terminal.ts";
import { CarriageReturns } from "./carriage-returns.ts";
import type { Wiring } from "./exec-wiring.ts";
import type { ProcessStreams, TerminalSize } from "./streams.ts";

const STDIO_COUNT = 3;

/** Wires the client with a terminal; all of its output is stdout. */
export class TerminalWiring implements Wiring {
  readonly stdio: Stdio[];
  readonly drained: Promise<void>;
  readonly #terminal: Terminal;
  #quiet: NodeJS.Timeout | undefined;

  constructor(streams: ProcessStreams, size: TerminalSize | undefined) {
    const { stdin, stdout } = streams;
    const terminal = openTerminal(size);
    const { stream, path } = terminal;
    this.#terminal = terminal;
    this.stdio = Array.from({ length: STDIO_COUNT }, () => ({ path }));
    // The end of what the client types is no end of the terminal's.
    stdin?.pipe(stream, { end: false });
    stream.on("close", () => stdin?.unpipe(stream));
    this.drained = stdout ? copyOutput(stream, stdout) : discardOutput(stream);
    streams.onResize((next) => terminal.resize(next));
  }

  handedOver(): void {
    // It opened the slave itself.
  }

  endWhenQuiet(quietMs: number): void {
    const { stream } = this.#terminal;
    const quiet = setTimeout(() => {
      // Paused by a client that does not read, it is not silent.
      if (stream.isPaused()) quiet.refresh();
      else stream.destroy();
    }, quietMs);
    this.#quiet = quiet;
    stream.on("data", () => quiet.refresh());
  }

  hangUp(): void {
    this.close();
  }

  close(): void {
    clearTimeout(this.#quiet);
    this.#terminal.close();
  }
}

/** Resolves when the terminal has hung up; so it does when the client takes no more. */
async function copyOutput(terminal: Duplex, stdout: Writable): Promise<void> {
  await pipeline(terminal, new CarriageReturns(), stdout, { end: false }).catch(() => {});
}

function discardOutput(terminal: Duplex): Promise<void> {
  terminal.resume();
  return new Promise((resolve) => terminal.once("close", () => resolve()));
}
