/** A program that a test runs beside itself, and whose output it waits for. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { SLOW } from "./slow.ts";

export interface Ended {
  stdout: Buffer;
  stderr: string;
  /** The exit code, or the signal that ended the program. */
  code: number | string;
}

/** A program that runs; `await using` kills it. */
export class Program {
  readonly pid: number;
  readonly stdin: Writable;
  /** Settles when the program has ended and its output was read. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #stdout: Buffer[] = [];
  #stderr = "";

  constructor(command: string, args: string[], env: NodeJS.ProcessEnv = process.env) {
    this.#child = spawn(command, args, { env });
    this.pid = this.#child.pid!;
    this.stdin = this.#child.stdin;
    // The program may end before it has read everything.
    this.stdin.on("error", () => {});
    this.stdout.on("data", (chunk) => this.#stdout.push(chunk));
    this.#child.stderr.setEncoding("utf8").on("data", (text) => (this.#stderr += text));
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code, signal) =>
        resolve({ stdout: Buffer.concat(this.#stdout), stderr: this.#stderr, code: code ?? signal ?? "" }),
      );
    });
  }

  get stdout(): Readable {
    return this.#child.stdout;
  }

  /** All standard output so far. */
  get text(): string {
    return Buffer.concat(this.#stdout).toString();
  }

  /** Waits until the output has what is looked for, ten seconds at most, and answers what it found. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const gone = this.ended.then(({ code, stderr }) => `it ended with ${code}: ${stderr}`);
    const late = AbortSignal.timeout(10_000 * SLOW);
    for (;;) {
      const found = pattern.exec(this.text);
      if (found) return found;
      const why = await Promise.race([gone, this.#moreOutput(late)]);
      if (why && !pattern.test(this.text)) {
        throw new Error(`${pattern} did not come, ${why}; there is: ${JSON.stringify(this.text)}`);
      }
    }
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.ended;
  }

  /** Settles with the next output, or says that there was none in time. */
  #moreOutput(late: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      const done = (why?: string) => {
        this.stdout.off("data", onData);
        late.removeEventListener("abort", onLate);
        resolve(why);
      };
      const onData = () => done();
      const onLate = () => done("it is late");
      this.stdout.once("data", onData);
      late.addEventListener("abort", onLate);
      if (late.aborted) onLate();
    });
  }
}
