/** The streams of a client that sits at a container's process, by exec or attach. */
import type { Readable, Writable } from "node:stream";

/** Of a terminal, in characters. */
export interface TerminalSize {
  width: number;
  height: number;
}

/** What the client takes part in; the streams that it did not ask for are absent. */
export interface ProcessStreams {
  /** Ends when the client closes its half. */
  stdin?: Readable;
  stdout?: Writable;
  stderr?: Writable;
  /** Calls back with each new size of the client's terminal, and at once with one that came before. */
  onResize(listener: (size: TerminalSize) => void): void;
}
