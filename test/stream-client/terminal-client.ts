/** The client in Go on a terminal of its own, with somebody who types. */
import { once } from "node:events";
import type { ChildProcess } from "../../src/linux/child-process.ts";
import { spawnOnTerminal } from "../../src/linux/open-terminal.test.ts";
import type { Terminal, TerminalSize } from "../../src/linux/terminal.ts";
import { eventually } from "../support/eventually.ts";
import { askedAt, streamClient } from "./client.ts";

/** A client that runs on a terminal; `await using` hangs up on it. */
export class TerminalClient {
  readonly #terminal: Terminal;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #text = "";
  #seen = 0;

  /** Runs `stream-client COMMAND ARGS` with a runtime's socket or a kubelet's URL. */
  constructor(size: TerminalSize, endpoint: string, command: string, ...args: string[]) {
    const all = [command, ...askedAt(endpoint), ...args];
    const { terminal, child } = spawnOnTerminal(streamClient(), all, size);
    this.#terminal = terminal;
    this.#child = child;
    this.#terminal.stream.setEncoding("utf8").on("data", (text) => (this.#text += text));
    this.#terminal.stream.on("error", () => {});
    this.#exited = once(this.#child, "exit");
  }

  /** All that the screen was sent. */
  get text(): string {
    return this.#text;
  }

  type(keys: string): void {
    this.#terminal.stream.write(keys);
  }

  resize(size: TerminalSize): void {
    this.#terminal.resize(size);
  }

  /** Waits for something on the screen that was not there when this was called last. */
  async shows(pattern: RegExp): Promise<void> {
    await eventually(() => {
      const fresh = this.#text.slice(this.#seen);
      const found = pattern.exec(fresh);
      if (!found) throw new Error(`${pattern} is not in ${JSON.stringify(fresh)}`);
      this.#seen += found.index + found[0].length;
    }, 10);
  }

  /** Waits for the client's end and answers its exit code, or the signal that ended it. */
  async ended(): Promise<number | string | null> {
    await this.#exited;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#terminal.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      process.kill(this.#child.pid!, "SIGKILL");
    await this.#exited;
  }
}
