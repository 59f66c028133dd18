/** How a client's streams reach the command of an exec: by pipes, or by a terminal. */
import type { Stdio } from "../linux/child-process.ts";

export interface Wiring {
  /** The descriptors of the runtime's command. */
  readonly stdio: readonly Stdio[];
  /** Resolves when the command's output has ended, or `close` was called; all of it has been given to the client's streams. */
  readonly drained: Promise<unknown>;
  /** The command was started, or could not be: its descriptors are its own. */
  handedOver(): void;
  /** From now on `quietMs` without output, while the client was ready for some, count as the end of it. */
  endWhenQuiet(quietMs: number): void;
  /** The client is gone: what comes is dropped, a terminal hangs up. */
  hangUp(): void;
  close(): void;
}
