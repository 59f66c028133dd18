/** Ctrl-C and its like, as something that can be awaited: so that what was made is removed first. */
import { constants } from "node:os";

/**
 * From its creation until it is disposed of, SIGINT, SIGTERM, SIGHUP and an output that nobody reads any more abort
 * `signal` in place of ending the process.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  readonly #outputs = [process.stdout, process.stderr];
  #exitStatus = 0;

  constructor() {
    for (const name of this.#signals) process.on(name, this.#receive);
    for (const output of this.#outputs) output.on("error", this.#lose);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What a shell makes of a process ended by the signal that came; 0 while none has. */
  get exitStatus(): number {
    return this.#exitStatus;
  }

  [Symbol.dispose](): void {
    for (const name of this.#signals) process.off(name, this.#receive);
    for (const output of this.#outputs) output.off("error", this.#lose);
  }

  readonly #receive = (name: NodeJS.Signals): void => {
    this.#exitStatus ||= 128 + constants.signals[name];
    this.#controller.abort();
  };

  readonly #lose = (): void => this.#receive("SIGPIPE");
}
