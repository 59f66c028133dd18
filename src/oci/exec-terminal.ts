/** Reaches the command of an exec by a terminal: the runtime copies between it and the command's own, in the container. */
import type { Stdio } from "../linux/child-process.ts";
import { openTerminal, type Terminal } from "../linux/terminal.ts";
import type { Wiring } from "./exec-wiring.ts";
import type { ProcessStreams, TerminalSize } from "./streams.ts";

const STDIO_COUNT = 3;

/** Wires the client with a terminal; all of its output is stdout. */
export class TerminalWiring implements Wiring {
  readonly stdio: Stdio[];
  readonly drained: Promise<void>;
  readonly #terminal: Terminal;
  readonly #resume: () => void;
  #quiet: NodeJS.Timeout | undefined;

  constructor(streams: ProcessStreams, size: TerminalSize | undefined) {
    const { stdin, stdout } = streams;
    const terminal = openTerminal(size);
    const { stream, path } = terminal;
    this.#terminal = terminal;
    this.stdio = Array.from({ length: STDIO_COUNT }, () => ({ path }));
    this.drained = new Promise((resolve) => stream.once("close", () => resolve()));
    this.#resume = () => stream.unpipe().resume();
    // The end of what the client types is no end of the terminal's.
    stdin?.pipe(stream, { end: false });
    stream.on("close", () => stdin?.unpipe(stream));
    if (stdout) stream.pipe(stdout, { end: false });
    else stream.resume();
    stdout?.once("close", this.#resume);
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
