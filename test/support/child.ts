/** A daemon under test as a child process that ends with its parent, its output in a file. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { SLOW } from "./slow.ts";

export interface ChildOptions {
  /** File to which both outputs are added. */
  log: string;
  env?: NodeJS.ProcessEnv;
}

/** A process that runs until it is told to end. */
export class Child {
  readonly pid: number;
  /** Rejects with the end of the log when the process has ended. */
  readonly gone: Promise<never>;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;

  constructor(command: string, args: string[], { log, env }: ChildOptions) {
    const output = openSync(log, "a");
    // setpriv becomes the command, so the pid is the daemon's own.
    this.#process = spawn("setpriv", ["--pdeathsig", "TERM", command, ...args], {
      stdio: ["ignore", output, output],
      // A Ctrl-C at the terminal is for its parent, which ends it in good order.
      detached: true,
      env: env ?? process.env,
    });
    closeSync(output);
    this.pid = this.#process.pid!;
    this.#exited = new Promise((resolve) => this.#process.once("exit", () => resolve()));
    this.gone = this.#exited.then(() => {
      throw new Error(`${command} ended with ${this.#ending()}:\n${lastLines(log)}`);
    });
    this.gone.catch(() => {});
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Sends a signal and waits for the end; SIGKILL follows after ten seconds. Answers the exit code or signal. */
  async end(signal: NodeJS.Signals): Promise<number | string> {
    if (this.running) {
      this.#process.kill(signal);
      const patience = setTimeout(() => this.#process.kill("SIGKILL"), 10_000 * SLOW);
      await this.#exited;
      clearTimeout(patience);
    }
    return this.#ending();
  }

  #ending(): number | string {
    return this.#process.exitCode ?? this.#process.signalCode ?? "nothing";
  }
}

function lastLines(log: string): string {
  return readFileSync(log, "utf8").trimEnd().split("\n").slice(-10).join("\n");
}
