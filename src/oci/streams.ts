/** The streams of a client that sits at a container's process, by exec or attach. */
import type { Readable, Writable } from "node:stream";
import type { TerminalSize } from "../linux/terminal.ts";

export type { TerminalSize };

/** What the client takes part in; the streams that it did not ask for are absent. */
export interface ProcessStreams {
  /** Ends when the client closes its half. */
  stdin?: Readable;
  /** What is written to the outputs is overwritten once they have called back for it. */
  stdout?: Writable;
  stderr?: Writable;
  /** Calls back with each new size of the client's terminal, and at once with one that came before. */
  onResize(listener: (size: TerminalSize) => void): void;
}
