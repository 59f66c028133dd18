/** How a client's streams reach the command of an exec: by pipes, or by a terminal. */
import type { ExecStdio } from "./exec-process.ts";

export interface Wiring extends ExecStdio {
  /** Resolves when the command's output has ended, or `close` was called; all of it has been given to the client's streams. */
  readonly drained: Promise<unknown>;
  /** The runtime's command was started, or could not be: its descriptors are its own. */
  handedOver(): void;
  /** The command runs. */
  connect(): void;
  /** From now on `quietMs` without output, while the client was ready for some, count as the end of it. */
  endWhenQuiet(quietMs: number): void;
  /** The client is gone: what comes is dropped, a terminal hangs up. */
  hangUp(): void;
  close(): void;
}
