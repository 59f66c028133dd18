/**
 * Tells the end of an exec's command from what runc logs with `--debug`: runc itself ends only when nobody holds the command's
 * output any more, be it a program that was left in the background. crun's log says nothing of the kind, but crun does not wait. */
import { closeSync, type FSWatcher, openSync, readSync, watch } from "node:fs";

/** Follows the log of one exec. */
export class CommandEnd {
  /** The command's exit code; it may never settle. */
  readonly exitCode: Promise<number>;
  readonly #resolve: (exitCode: number) => void;
  readonly #fd: number;
  readonly #watcher: FSWatcher;
  readonly #buffer = Buffer.alloc(16 << 10);
  #rest = "";

  /** Makes the file if it is absent. */
  constructor(logPath: string) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.exitCode = promise;
    this.#resolve = resolve;
    this.#fd = openSync(logPath, "a+", 0o600);
    try {
      this.#watcher = watch(logPath, () => this.#read());
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
    this.#watcher.on("error", () => {});
  }

  close(): void {
    this.#watcher.close();
    closeSync(this.#fd);
  }

  #read(): void {
    for (let count = -1; count !== 0; ) {
      count = readSync(this.#fd, this.#buffer);
      this.#rest += this.#buffer.toString("latin1", 0, count);
    }
    const lines = this.#rest.split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.includes('"process exited"')) this.#resolve(JSON.parse(line).status);
    }
  }
}
